// The program of a plugin's Worker. It loads the plugin's files, then answers one call after the other: the caller
// sleeps on the first number of `shared` until it is 1 (a value) or 2 (something was thrown), and finds the JSON behind.
// The Worker has no permission. What could go round that is taken away as well: in Deno 2.4.2 such a Worker may still
// import local files, so that there must be neither import() (the host's lexer sees to that) nor a way to make code
// from text.
(() => {
  const compile = Function;
  const encoder = new TextEncoder();
  const say = console.error.bind(console);
  // queueMicrotask is what newer Denos' own loop of messages calls.
  const language =
    "Object Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise RegExp Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError globalThis JSON Math Intl ArrayBuffer Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array Float32Array Float64Array Uint8ClampedArray BigUint64Array BigInt64Array DataView Map BigInt Set Iterator WeakMap WeakSet Proxy Reflect decodeURI decodeURIComponent encodeURI encodeURIComponent isFinite isNaN queueMicrotask"
      .split(" ");
  const { store, notify } = Atomics;
  let adapter;
  // The first argument of a call, mostly a run's whole context: one that comes again is not sent again.
  let first;

  addEventListener("message", ({ data }) => {
    try {
      if (data.modules) return answer(data.shared, 1, load(data));
      if (!data.again) first = data.first;
      answer(data.shared, 1, adapter[data.member](first, ...data.rest));
    } catch (error) {
      answer(data.shared, 2, thrown(error));
    }
  });

  function answer(shared, state, value) {
    const bytes = encoder.encode(JSON.stringify({ value }));
    if (shared.byteLength < 8 + bytes.length) shared.grow(8 + bytes.length);
    new Uint8Array(shared, 8).set(bytes);
    const head = new Int32Array(shared, 0, 2);
    store(head, 1, bytes.length);
    store(head, 0, state);
    notify(head, 0);
  }

  function thrown(error) {
    if (typeof error !== "object" || error === null) return { message: String(error) };
    const { name, message, kind, next } = error;
    return { name: text(name), message: text(message) ?? "", kind: text(kind), next: text(next) };
  }

  function text(value) {
    return value === undefined ? undefined : String(value);
  }

  function load({ modules, entry }) {
    const loaded = new Map();
    for (const { file, code, imports } of modules) {
      const exports = {};
      const require = (name) => {
        if (Object.hasOwn(imports, name)) return loaded.get(imports[name]);
        throw new Error(`cannot import "${name}"`);
      };
      try {
        compile("exports", "require", code)(exports, require);
      } catch (error) {
        throw new Error(`${file}: ${error}`);
      }
      loaded.set(file, exports);
    }
    adapter = loaded.get(entry).default;
    if (typeof adapter !== "object" || adapter === null) throw new Error("its default export is no object");
    const members = Object.entries(adapter);
    const isCall = ([, value]) => typeof value === "function";
    return {
      calls: members.filter(isCall).map(([name]) => name),
      facts: Object.fromEntries(members.filter((one) => !isCall(one))),
    };
  }

  // No text becomes code, here or in a second Worker; nothing is left but the language, and words to stderr.
  for (const maker of [() => {}, async () => {}, function* () {}, async function* () {}]) {
    Object.defineProperty(Object.getPrototypeOf(maker), "constructor", { value: undefined });
  }
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (!language.includes(name)) delete globalThis[name];
  }
  globalThis.console = { debug: say, error: say, info: say, log: say, warn: say };
})();
