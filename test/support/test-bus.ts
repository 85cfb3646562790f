import { connectBus, type Bus, type BusLogger } from '#bus';
import { systemClock } from '#runtime';
import { availableNatsServers } from './real-servers.js';

/** Both, where both can be had: the oldest server that must do, and the newest. */
export async function natsVersions(): Promise<('oldest' | 'newest')[]> {
  return (await availableNatsServers()).length > 1 ? ['oldest', 'newest'] : ['newest'];
}

const silence = (): void => undefined;
const silentLogger: BusLogger = { debug: silence, info: silence, warn: silence, error: silence };

/** Connections of a test's own, closed together. */
export class TestBuses {
  private readonly opened: Bus[] = [];

  constructor(private readonly at: { url: string; namespace: string }) {}

  async open(): Promise<Bus> {
    const bus = await connectBus({ ...this.at, name: 'test', logger: silentLogger, clock: systemClock });
    this.opened.push(bus);
    return bus;
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.opened.splice(0).map((bus) => bus.close()));
  }
}
