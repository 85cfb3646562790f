import { fork, type ChildProcess } from 'node:child_process';

/** A program of this bench in a process of its own: it is asked one thing at a time, and answers each. */
export class Program<Question extends object> {
  private readonly child: ChildProcess;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly name: string,
    script: URL,
  ) {
    // Logs of calls are arrays of numbers: they are passed as they are.
    this.child = fork(script, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** @throws when the program ends before its answer. */
  ask<Answer>(question: Question): Promise<Answer> {
    const answer = this.last.then(() => this.askNow<Answer>(question));
    this.last = answer.catch(() => undefined); // whoever asked is told
    return answer;
  }

  stop(): void {
    this.child.kill('SIGKILL');
  }

  private askNow<Answer>(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null, signal: string | null): void =>
        reject(new Error(`${this.name}: expected an answer, found that it has ended (${signal ?? code})`));
      if (this.child.exitCode !== null) return ended(this.child.exitCode, this.child.signalCode);
      this.child.once('exit', ended);
      this.child.once('message', (answer: Answer) => {
        this.child.off('exit', ended);
        resolve(answer);
      });
      this.child.send(question, (error) => error !== null && reject(error));
    });
  }
}

/** The other side of it. */
export function answerAll<Question>(answer: (question: Question) => Promise<object> | object): void {
  process.on('message', (question: Question) => {
    void (async () => process.send?.(await answer(question)))();
  });
  // Ctrl-C reaches the whole group: the runner decides when it ends.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit(0));
}
