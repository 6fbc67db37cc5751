// Rust source as text in which braces, commas and paths mean what they seem to.

/** Matches a comment, string or character; `'a` in `&'a str` is a lifetime and stays. */
const NO_CODE =
  /\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/|\b[bc]?r(#*)"[\s\S]*?"\1|\b[bc]?"(?:[^"\\]|\\[\s\S])*"|"(?:[^"\\]|\\[\s\S])*"|\bb?'(?:[^'\\\n]|\\[^\n]+?)'|'(?:[^'\\\n]|\\[^\n]+?)'/g;

const blank = (text) => text.replace(/[^\n]/g, " ");

/** Returns `text` with comments, strings and characters as blanks; every line keeps its number. */
export const codeOf = (text) => text.replace(NO_CODE, blank);

const CLOSING = { "(": ")", "[": "]", "{": "}", "<": ">" };

/** Returns where the bracket closes that opens at `open`. */
export function closeOf(code, open) {
  const waiting = [];
  for (let at = open; at < code.length; at += 1) {
    const character = code[at];
    // A `<` counts only if the caller began with one: elsewhere it may compare.
    if (character in CLOSING && (character !== "<" || code[open] === "<")) waiting.push(CLOSING[character]);
    else if (character === waiting.at(-1) && !(character === ">" && /[-=]/.test(code[at - 1]))) waiting.pop();
    if (waiting.length === 0) return at;
  }
  return code.length;
}

/** Splits `code` at the commas that no bracket encloses. */
export function partsOf(code) {
  const parts = [];
  let begin = 0;
  let depth = 0;
  for (let at = 0; at <= code.length; at += 1) {
    if (/[([{<]/.test(code[at])) depth += 1;
    else if (/[)\]}>]/.test(code[at]) && !/[-=]/.test(code[at - 1])) depth -= 1;
    else if (at === code.length || (code[at] === "," && depth === 0)) {
      parts.push(code.slice(begin, at).trim());
      begin = at + 1;
    }
  }
  return parts.filter(Boolean);
}

/** Returns `code` without the attributes `#[…]` at its beginning. */
export function withoutAttributes(code) {
  const rest = code.trimStart();
  return /^#!?\[/.test(rest) ? withoutAttributes(rest.slice(closeOf(rest, rest.indexOf("[")) + 1)) : rest;
}

/** Returns where the item ends that begins at `begin`: behind its body, its semicolon, or the comma behind a field. */
function endOfItem(code, begin) {
  const isField = /^(?:pub(?:\([^)]*\))?\s+)?\w+\s*:(?!:)/.test(code.slice(begin));
  for (let at = begin; at < code.length; at += 1) {
    if (code[at] === ";" || (isField && code[at] === ",")) return at + 1;
    if (code[at] === "{" || code[at] === "(" || code[at] === "[") {
      const isBody = code[at] === "{" && !/^(?:pub(?:\([^)]*\))?\s+)?use\b/.test(code.slice(begin));
      at = closeOf(code, at);
      if (isBody) return at + 1;
    }
  }
  return code.length;
}

/** Returns `code` with everything that only tests have as blanks: the items behind `#[cfg(test)]`. */
export function withoutTests(code) {
  let rest = code;
  for (const { index } of code.matchAll(/#\[cfg\((?:test|all\(test\b[^\]]*)\)\]/g)) {
    const begin = code.length - withoutAttributes(code.slice(index)).length;
    const end = endOfItem(code, begin);
    rest = rest.slice(0, index) + blank(rest.slice(index, end)) + rest.slice(end);
  }
  return rest;
}
