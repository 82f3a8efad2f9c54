/** Long work in steps, each short: whoever drives it may rest between them. What it comes to is returned. */
export type Steps<T> = Generator<void, T>;

/** What work comes to, done at once. */
export function finished<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
