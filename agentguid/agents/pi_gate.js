// What makes Pi ask. It runs inside Pi (`--extension`) and holds every call of a tool that may change something back until
// agentguid has answered for the user. Pi blocks a call when this file fails. Described in docs/protocols/pi.md.
import { lstatSync, realpathSync } from "node:fs";
import path from "node:path";

const NAME = "agentguid";
const READS = new Set(["read", "grep", "find", "ls"]);
const EDITS = new Set(["edit", "write"]);
const MODES = new Set(["ask", "accept_edits", "plan", "bypass"]);
const PLAN =
  "The user wants a plan, and nothing else yet. Do not change anything: read, search, and think. Then say what you would do, step by step.";
const PLANNING = "Nothing may be changed while only a plan is wanted. Describe the change in the plan instead.";
const NOBODY = "Nobody answered whether this is allowed, so it was not run.";
const STRANGE = /[\u00A0\u2000-\u200A\u202F\u205F\u3000]/; // Pi takes these for spaces

// Where a file really is, through all links; nothing when one of them leads to what is not there.
function real(file) {
  const rest = [];
  for (let at = file; ; at = path.dirname(at)) {
    try {
      return path.join(realpathSync(at), ...rest);
    } catch {
      if (path.dirname(at) === at || lstatSync(at, { throwIfNoEntry: false })) return undefined;
      rest.unshift(path.basename(at));
    }
  }
}

function inside(file, cwd) {
  if (typeof file !== "string" || !file || /^[~@]/.test(file) || STRANGE.test(file)) return false;
  const [root, target] = [real(cwd), real(path.resolve(cwd, file))];
  if (!root || !target) return false;
  const found = path.relative(root, target);
  return found !== "" && found !== ".." && !found.startsWith(`..${path.sep}`) && !path.isAbsolute(found);
}

// What is allowed from now on when the user says so: words for the user, and what calls have in common.
function scope(tool, input) {
  if (tool === "bash") return ["for exactly this command", `bash ${input.command}`];
  if (EDITS.has(tool)) return ["for all edits of this file", `edit ${input.path}`];
  return ["for exactly this call", `${tool} ${JSON.stringify(input)}`];
}

// What the user allowed is what runs: other extensions come later and could change it.
function frozen(value) {
  if (value && typeof value === "object" && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
}

export default function (pi) {
  const allowed = new Set();
  let mode = "ask";

  pi.registerCommand(NAME, {
    description: "gate 1",
    handler: async (args) => {
      if (!MODES.has(args)) throw new Error(`there is no mode ${args}`);
      mode = args;
    },
  });

  pi.on("before_agent_start", (event) =>
    mode === "plan" ? { systemPrompt: `${event.systemPrompt}\n\n${PLAN}` } : undefined,
  );

  pi.on("tool_call", async (event, ctx) => {
    const { toolName: tool, toolCallId: call, input } = event;
    if (mode === "bypass" || READS.has(tool)) return undefined;
    if (mode === "plan" && EDITS.has(tool)) return { block: true, reason: PLANNING };
    if (mode === "accept_edits" && EDITS.has(tool) && inside(input.path, ctx.cwd)) return undefined;
    const [words, key] = scope(tool, input);
    const plans = mode === "plan"; // what was allowed from now on was not meant for that
    if (!plans && allowed.has(key)) return undefined;
    const said = await ctx.ui.input(NAME, JSON.stringify({ call, tool, input, always: plans ? "" : words }), {
      signal: ctx.signal,
    });
    const answer = said ? JSON.parse(said) : { reason: NOBODY };
    if (answer.allow !== true) return { block: true, reason: answer.reason || NOBODY };
    if (answer.input) {
      for (const name of Object.keys(input)) delete input[name];
      Object.assign(input, answer.input);
    }
    if (answer.always && !plans) allowed.add(scope(tool, input)[1]);
    frozen(input);
    return undefined;
  });
}
