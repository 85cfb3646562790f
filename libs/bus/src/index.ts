export { connectBus } from './connection.js';
export type { AwayListener, Bus, BusClock, BusLogger, BusOptions, ReconnectedListener } from './connection.js';
export { bucketStream, provision, StreamMismatchError } from './provision.js';
export type { Provisioned } from './provision.js';
export { childTraceparent, createEnvelopeMaker } from './envelope.js';
export type { EnvelopeMaker, EnvelopeSource } from './envelope.js';
export { createPublisher } from './publisher.js';
export type {
  CountPublished,
  DeadLetter,
  EventSource,
  Publisher,
  PublisherOptions,
  PublishVerdict,
} from './publisher.js';
export { subscribeEvents } from './event-feed.js';
export type {
  CountEventFault,
  EventHandler,
  EventSubscriptionOptions,
  StopListening,
  ToldEvent,
} from './event-feed.js';
export { followEvents } from './event-follower.js';
export type { FollowedEvent, FollowHandler, FollowOptions } from './event-follower.js';
export { again, dead, done, drop, each } from './verdict.js';
export type { SingleVerdict, Verdict } from './verdict.js';
export { decodeJson } from './delivery.js';
export type { Decode, Delivery } from './delivery.js';
export type { DeadKind, GivenUp } from './dead-letters.js';
export { findPending } from './pending-work.js';
export { openDeadShelf } from './dead-shelf.js';
export type { DeadShelf, ShelvedLetter } from './dead-shelf.js';
export { MAX_DELIVERIES } from './work-desk.js';
export type { WorkOutcome } from './work-desk.js';
export { openPull, PULL_EXPIRES_MS } from './work-pull.js';
export type { Pull, PullOptions } from './work-pull.js';
export { WorkContext, WorkHandler } from './work-handler.js';
export { JetStreamStrategy } from './strategy.js';
export type { BoundConsumer, ConsumerOptions, JetStreamStrategyOptions, Room } from './strategy.js';
export { WiringError } from './wiring.js';
export { createLeaseKeeper } from './lease.js';
export type { LeaseEnd, LeaseHeld, LeaseKeeper, LeaseKeeperOptions, LeaseState, LeaseTaken } from './lease.js';
export type { LeaseRecord } from './lease-record.js';
export { watchLeases } from './lease-watch.js';
export type { HolderSeen, LeaseWatch } from './lease-watch.js';
export { joinMembers, watchMembers } from './members.js';
export type { MemberList, Membership, MembersOptions } from './members.js';
export { rightfulHolder, shouldHold } from './rendezvous.js';
export { createScopeStore } from './scope-store.js';
export type { ScopeStore, ScopeWatch, StoredScope } from './scope-store.js';
export { offerBody, takeBody } from './body-stream.js';
export type { OfferedBody, TakeOptions } from './body-stream.js';
export { sendBody } from './body-sender.js';
export type { BodySender, BodySenderOptions, BodySent } from './body-sender.js';
export { receiveBody } from './body-receiver.js';
export type { BodyReceiverOptions } from './body-receiver.js';
export { passOn, takeFlowing } from './flowing-body.js';
export type { FlowingBody, PassedOnBody, PassingOn } from './flowing-body.js';
export { BodyStreamError } from './body-wire.js';
export type { BodyFault } from './body-wire.js';
export { openDesk } from './holder-desk.js';
export type { DeskAnswer, DeskHandler, DeskOptions, HolderDesk } from './holder-desk.js';
export { createHolderCalls } from './holder-calls.js';
export type { AskOptions, HolderCalls, HolderCallsOptions, MarkOutcome } from './holder-calls.js';
export type { AskOutcome, CancelVerdict, NotSentCode, UnknownCode } from './ask-outcome.js';
export { createAcknowledgements } from './acknowledgements.js';
export type { Acknowledgements, Expectation } from './acknowledgements.js';
export { subscribeStates } from './state-feed.js';
export { openFetchDoor } from './fetch-door.js';
export { subscribeLearned } from './learned-feed.js';
export { subscribeReads } from './reads-feed.js';
