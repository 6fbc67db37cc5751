// Reads the public face of the package from its own declarations: methods, events, options, error codes.
import path from "node:path";
import { API, SignatureKind, SymbolFlags } from "typescript/unstable/sync";
import { writeFileSync } from "node:fs";
import { dist, inRoot } from "../../tools/paths.mjs";

/** What every `EventTarget` has. */
const INHERITED = new Set(["addEventListener", "removeEventListener", "dispatchEvent"]);

/**
 * Returns `{ methods, events, options, codes }`, each a list of names: `RemotePeer.stats`, `Room:peerjoin`,
 * `SignalingClient.constructor 1 reconnect.baseMs` (the argument's place, then the way to the option; `=value` where the type
 * lists the values), `peer-not-found`.
 */
export function publicFace() {
  const config = inRoot("target", "face", "tsconfig.json");
  const compilerOptions = {
    strict: true,
    target: "ES2022",
    module: "ESNext",
    moduleResolution: "bundler",
    lib: ["ES2022", "DOM", "ESNext.Disposable"],
    types: [],
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files: [path.join(dist, "index.d.ts")] }));
  const api = new API({ cwd: inRoot() });
  try {
    const [project] = api.updateSnapshot({ openProject: config }).getProjects();
    return read(project);
  } finally {
    api.close();
  }
}

function read({ program, checker }) {
  const face = { methods: [], events: [], options: [], codes: [] };
  const isOurs = (symbol) => symbol?.declarations?.some(({ path: file }) => String(file).toLowerCase().startsWith(dist.toLowerCase()));

  /** Collects the options in the type of a parameter or property. */
  const options = (type, way) => {
    const present = checker.getNonNullableType(type);
    if (!isOurs(present.getSymbol()) || checker.getSignaturesOfType(present, SignatureKind.Call).length > 0) return;
    for (const property of checker.getPropertiesOfType(present)) {
      const inner = checker.getNonNullableType(checker.getTypeOfSymbol(property));
      const here = `${way}${property.name}`;
      const values = inner.getTypes?.()?.map(({ value }) => value);
      if (values?.every((value) => typeof value === "string")) face.options.push(...values.map((value) => `${here}=${value}`));
      else face.options.push(here);
      options(inner, `${here}.`);
    }
  };
  const parameters = (name, type, kind) => {
    for (const signature of checker.getSignaturesOfType(type, kind)) {
      for (const [at, parameter] of signature.getParameters().entries()) options(checker.getTypeOfSymbol(parameter), `${name} ${at} `);
    }
  };

  const module = checker.getSymbolAtLocation(program.getSourceFile(path.join(dist, "index.d.ts")));
  for (const exported of checker.getExportsOfModule(module)) {
    const symbol = exported.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const { name } = exported;
    if (symbol.flags & SymbolFlags.Function) {
      face.methods.push(name);
      parameters(name, checker.getTypeOfSymbol(symbol), SignatureKind.Call);
    } else if (symbol.flags & SymbolFlags.Class) {
      const type = checker.getDeclaredTypeOfSymbol(symbol);
      const [base] = checker.getBaseTypes(type);
      const isTyped = base?.isTypeReference();
      for (const events of isTyped ? checker.getTypeArguments(base) : []) {
        face.events.push(...checker.getPropertiesOfType(events).map((event) => `${name}:${event.name}`));
      }
      for (const property of checker.getPropertiesOfType(type)) {
        if (!(property.flags & SymbolFlags.Method) || INHERITED.has(property.name) || !isOurs(property)) continue;
        const method = `${name}.${property.name.replace(/^__@(\w+)@.*/, "[Symbol.$1]")}`;
        face.methods.push(method);
        parameters(method, checker.getTypeOfSymbol(property), SignatureKind.Call);
      }
      // Applications catch errors and do not make them.
      if (name !== "SignalingError") parameters(`${name}.constructor`, checker.getTypeOfSymbol(symbol), SignatureKind.Construct);
    } else if (name === "ErrorCode") {
      face.codes.push(
        ...checker
          .getDeclaredTypeOfSymbol(symbol)
          .getTypes()
          .map(({ value }) => value),
      );
    }
  }
  return face;
}
