export { connectBus } from './connection.js';
export type { AwayListener, Bus, BusClock, BusLogger, BusOptions, ReconnectedListener } from './connection.js';
export { bucketStream, provision, StreamMismatchError } from './provision.js';
export type { Provisioned } from './provision.js';
