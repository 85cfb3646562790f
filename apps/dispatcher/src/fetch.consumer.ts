import { Controller, Inject } from '@nestjs/common';
import { again, WorkHandler } from '#bus';
import type { Verdict, WorkContext } from '#bus';
import { WORK_PATTERNS } from '#contracts';
import type { ControlWork, FetchBatch, FetchWork } from '#contracts';
import { HoldersService } from './holders.service.js';

/** What is not ours any more goes back, to be handed to whoever holds the upstream then. */
const GIVE_BACK_MS = 100;

@Controller()
export class FetchConsumer {
  constructor(@Inject(HoldersService) private readonly holders: HoldersService) {}

  @WorkHandler(WORK_PATTERNS.fetch)
  async fetch(work: FetchWork | FetchBatch, delivery: WorkContext): Promise<Verdict> {
    const holding = this.holders.holdingOf(work.upstream);
    return holding === undefined ? again(GIVE_BACK_MS) : holding.fetch(work, delivery);
  }

  @WorkHandler(WORK_PATTERNS.control)
  async control(work: ControlWork): Promise<Verdict> {
    const holding = this.holders.holdingOf(work.upstream);
    return holding === undefined ? again(GIVE_BACK_MS) : holding.control(work);
  }
}
