/** The demo was asked for something that it will not do as asked: one line, exit code 2. */
export class Refused extends Error {}
