import type { HttpRequest } from "./transport.ts";

/** A request of protocol version 2; it changes nothing on the server. */
export function uploadPackRequest(url: string, body: Buffer): HttpRequest {
  return {
    method: "POST",
    url: `${url}/git-upload-pack`,
    headers: {
      "content-type": "application/x-git-upload-pack-request",
      accept: "application/x-git-upload-pack-result",
      "git-protocol": "version=2",
    },
    body,
    idempotent: true,
    redirects: false,
  };
}
