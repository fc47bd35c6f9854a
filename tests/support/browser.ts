import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod/mini";
import { whyNotInstalled } from "./packages.ts";
import { killQuietly } from "./scratch.ts";

const findChromium = (): string | undefined =>
  ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((path) => existsSync(path));

/** Why there is no Chromium on this machine; empty where there is one, which is installed if need be. */
export const whyNoChromium: string = findChromium() === undefined ? whyNotInstalled("chromium") : "";

/** A page that is open in a browser without a window. */
export interface OpenPage {
  /** What it asked for, itself left out. */
  requests: string[];
  /** Errors and warnings on its console. */
  complaints: string[];
  /** What an expression comes to in it, once it is settled. */
  evaluate(expression: string): Promise<unknown>;
  /** Shows another file in the same browser. */
  show(path: string): Promise<void>;
  /** Shows the page as wide as this, in these colours, on a screen or as it is printed. */
  view(view: View): Promise<void>;
  /** A PNG of the page from its top down to `height`, once its fonts are there. */
  picture(height?: number): Promise<Uint8Array>;
}

export interface View {
  width: number;
  scheme: "light" | "dark";
  media: "screen" | "print";
}

const Message = z.looseObject({
  id: z.optional(z.int()),
  method: z.optional(z.string()),
  params: z.optional(z.looseObject({})),
  result: z.optional(z.looseObject({})),
});
const Answer = z.looseObject({
  result: z.looseObject({ value: z.optional(z.unknown()) }),
  exceptionDetails: z.optional(z.unknown()),
});

/**
 * Opens a file in Chromium, by its DevTools protocol (https://chromedevtools.github.io/devtools-protocol), and closes it
 * when the work is done.
 */
export async function withPage(path: string, folder: string, work: (page: OpenPage) => Promise<void>): Promise<void> {
  const chromium = findChromium() ?? assert.fail("there is no Chromium");
  const home = join(folder, "tmp", "chromium");
  await mkdir(home, { recursive: true });
  const child = new Deno.Command(chromium, {
    args: [
      ...["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"],
      ...[`--user-data-dir=${home}`, "--remote-debugging-port=0", "--remote-allow-origins=*", "about:blank"],
    ],
    env: { HOME: home },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    detached: true,
  }).spawn();
  const socket = await connect(child);
  try {
    await work(await openPage(socket, path));
  } finally {
    socket.close();
    killQuietly(-child.pid);
    await child.status;
    await Deno.remove(home, { recursive: true }).catch(() => {});
  }
}

/** It says on stderr where it listens. */
async function connect(child: Deno.ChildProcess): Promise<WebSocket> {
  let printed = "";
  const stderr = child.stderr.pipeThrough(new TextDecoderStream());
  for await (const text of stderr.values({ preventCancel: false })) {
    printed += text;
    const port = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(printed)?.[1];
    if (port !== undefined) return await open(await pageAddress(port));
  }
  throw new Error(`Chromium does not start: ${printed}`);
}

async function pageAddress(port: string): Promise<string> {
  const Targets = z.array(z.looseObject({ type: z.string(), webSocketDebuggerUrl: z.string() }));
  const answer = await fetch(`http://127.0.0.1:${port}/json/list`);
  const target = Targets.parse(await answer.json()).find(({ type }) => type === "page");
  assert(target !== undefined, "Chromium has no page");
  return target.webSocketDebuggerUrl;
}

function open(address: string): Promise<WebSocket> {
  const socket = new WebSocket(address);
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error(`Chromium does not answer at ${address}`));
  });
}

async function openPage(socket: WebSocket, path: string): Promise<OpenPage> {
  const [requests, complaints]: [string[], string[]] = [[], []];
  const waiting = new Map<number, (result: unknown) => void>();
  let loaded = () => {};
  socket.onmessage = ({ data }) => {
    const { id, method, params = {}, result } = Message.parse(JSON.parse(String(data)));
    if (id !== undefined) waiting.get(id)?.(result);
    else if (method === "Page.loadEventFired") loaded();
    else if (method === "Network.requestWillBeSent") requests.push(JSON.stringify(params["request"]));
    else if (/^(Runtime\.(exceptionThrown|consoleAPICalled)|Log\.entryAdded)$/.test(method ?? "")) {
      complaints.push(JSON.stringify(params));
    }
  };
  let n = 0;
  const send = (method: string, params: Record<string, unknown> = {}) =>
    new Promise<unknown>((resolve) => {
      waiting.set(++n, resolve);
      socket.send(JSON.stringify({ id: n, method, params }));
    });
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await send(`${domain}.enable`);
  const show = async (file: string) => {
    const load = new Promise<void>((resolve) => loaded = resolve);
    await send("Page.navigate", { url: `file://${file.split("/").map(encodeURIComponent).join("/")}` });
    await load;
  };
  const evaluate = async (expression: string) => {
    const answer = Answer.parse(
      await send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true }),
    );
    assert.equal(answer.exceptionDetails, undefined, JSON.stringify(answer.exceptionDetails));
    return answer.result.value;
  };
  let view: View = { width: 1000, scheme: "light", media: "screen" };
  await show(path);
  return {
    requests,
    complaints,
    evaluate,
    show,
    view: async (next) => {
      view = next;
      await send(...mediaOf(view));
      await send(...sizeOf(view.width, 900));
      // On a phone and on paper they take no room.
      await send("Emulation.setScrollbarsHidden", { hidden: true });
    },
    picture: async (height) => {
      const whole = height ?? Size.parse(await evaluate(SETTLED));
      // A viewport as high as what is shown: nothing is left to be painted after a scroll.
      await send(...sizeOf(view.width, whole));
      await evaluate(SETTLED);
      const clip = { x: 0, y: 0, width: view.width, height: whole, scale: 1 };
      const { data } = Picture.parse(await send("Page.captureScreenshot", { format: "png", clip }));
      return new Uint8Array(Buffer.from(data, "base64"));
    },
  };
}

type Command = [method: string, params: Record<string, unknown>];

const Size = z.int();
const Picture = z.looseObject({ data: z.string() });

/** The page's height when its fonts are there and two frames have been drawn. */
const SETTLED = `document.fonts.ready.then(() => new Promise((resolve) => requestAnimationFrame(() =>
  requestAnimationFrame(() => resolve(document.documentElement.scrollHeight)))))`;

const sizeOf = (width: number, height: number): Command => [
  "Emulation.setDeviceMetricsOverride",
  { width, height, deviceScaleFactor: 1, mobile: false },
];

const mediaOf = ({ scheme, media }: View): Command => [
  "Emulation.setEmulatedMedia",
  { media, features: [{ name: "prefers-color-scheme", value: scheme }] },
];
