import { stalled } from "../operator/failures.ts";

export interface Listener {
  listen(options: { readonly port: number; readonly host: string }): Promise<string>;
}

/** Throws a Failure that names the flag where the address or the port cannot be had. */
export async function listen(
  server: Listener,
  at: { readonly bind: string; readonly port: number },
  flag: string,
): Promise<void> {
  try {
    await server.listen({ port: at.port, host: at.bind });
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const why = code === "EADDRINUSE" ? "is taken by another process" : `cannot be listened on (${code})`;
    throw stalled(
      "AddressInUse",
      `${at.bind}:${at.port} ${why}: choose another with ${flag}`,
      { port: at.port },
      error,
    );
  }
}
