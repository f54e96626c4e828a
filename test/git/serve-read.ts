import type { IncomingMessage, ServerResponse } from "node:http";
import { anyOf, feed, type HttpBackend } from "./http-backend.ts";

/** Serves one request that changes nothing, streaming both ways. http-backend is ended when the client goes away. */
export async function serveRead(
  request: IncomingMessage,
  response: ServerResponse,
  backend: HttpBackend,
): Promise<void> {
  response.once("close", () => {
    if (!response.writableFinished) backend.terminate();
  });
  feed(backend.stdin, request).catch(() => backend.terminate());
  const head = await backend.head;
  response.writeHead(head.status, head.headers.flat());
  for await (const chunk of backend.stdout) {
    if (!response.write(chunk)) await anyOf(response, ["drain", "close"]);
  }
  await backend.exited;
  response.end();
}
