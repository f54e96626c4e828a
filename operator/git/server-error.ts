import { type Failure, retry, stalled } from "../failures.ts";
import { plainText } from "../net/plain-text.ts";

/** The failure that an ERR packet, or an error on side band 3, is. */
export function failureOfErr(text: string): Failure {
  const words = plainText(text, 300);
  if (/repository.*not found|not found.*repository|does not exist|access denied/i.test(words)) {
    return stalled("RepositoryNotFound", `the server says: ${words}`);
  }
  // A ref moved or an object went between two requests: the next fetch sees how things are.
  return retry("RemoteUnreachable", `the server says: ${words}`);
}
