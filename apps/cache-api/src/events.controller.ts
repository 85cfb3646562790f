import { Controller, Get, Headers, Inject, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { EventsService } from './events.service.js';
import { ProblemException } from './problem.filter.js';

interface RawReply {
  hijack(): void;
  readonly raw: ServerResponse;
}

/** Server-sent events (WHATWG HTML, section 9.2). */
@Controller('v1/events')
export class EventsController {
  constructor(@Inject(EventsService) private readonly events: EventsService) {}

  @Get()
  follow(@Headers('last-event-id') lastId: string | undefined, @Res() reply: RawReply): void {
    const last = lastId === undefined || lastId === '' ? undefined : Number(lastId);
    if (last !== undefined && (!Number.isInteger(last) || last < 0)) {
      throw new ProblemException({
        code: 'invalid_input',
        detail: `Last-Event-ID: expected the id of an event, found ${JSON.stringify(lastId)}`,
      });
    }
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
    raw.write(': penstock\n\n');
    raw.once('close', this.events.follow(last, raw));
  }
}
