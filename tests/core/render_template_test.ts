import fc from "fast-check";
import Mustache from "mustache";
import assert from "node:assert/strict";
import { renderTemplate, verbatim } from "../../core/template.ts";

const upper = (text: string) => text.toUpperCase();

Deno.test("renderTemplate() escapes values with the given function, except those marked verbatim", () => {
  assert.equal(renderTemplate("{{a}} {{b}} {{c}}", { a: "<x>", b: verbatim("<y>"), c: 3 }, upper), "<X> <y> 3");
});

Deno.test("renderTemplate() never expands a value", () => {
  fc.assert(fc.property(fc.string(), fc.constantFrom("{{b}}", "{{{b}}}", "{{#b}}", "{{=<% %>=}}", ""), (text, tag) => {
    const value = `${text}${tag}${text}`;
    assert.equal(renderTemplate("<{{a}}>", { a: value, b: "no" }, (one) => one), `<${value}>`);
  }));
});

Deno.test("renderTemplate() repeats a list's section and drops an empty one with its line", () => {
  const text = "{{#lines}}\n- {{.}}\n{{/lines}}\n{{#rows}}\n{{x}}{{y}}\n{{/rows}}\n{{^rows}}\nnone\n{{/rows}}\n";
  assert.equal(
    renderTemplate(text, { lines: ["a", "b"], rows: [{ x: 1 }, { x: 2 }], y: "z" }, String),
    "- a\n- b\n1z\n2z\n",
  );
  assert.equal(renderTemplate(text, { lines: [], rows: [], y: "z" }, String), "none\n");
});

for (
  const [template, what] of [
    ["{{b}}", /"b", which nothing gives/],
    ["{{constructor}}", /"constructor", which nothing gives/],
    ["{{#b}}{{/b}}", /"b", which nothing gives/],
    ["{{#yes}}{{b}}{{/yes}}", /"b", which nothing gives/],
    ["{{#no}}{{b}}{{/no}}", /"b", which nothing gives/],
    ["{{#a}}{{/a}}", /"a" is a section/],
    ["{{yes}}", /"yes" has no text/],
    ["{{{a}}}", /wanted a plain one/],
    ["{{&a}}", /wanted a plain one/],
    ["{{> a}}", /wanted a plain one/],
    ["{{=<% %>=}}", /wanted a plain one/],
  ] as const
) {
  Deno.test(`renderTemplate() refuses the template ${template}`, () => {
    assert.throws(() => renderTemplate(template, { a: "1", yes: true, no: false }, String), what);
  });
}

Deno.test("renderTemplate() does not change mustache's own escaping", () => {
  const before = Mustache.escape;
  renderTemplate("{{a}}", { a: "<" }, String);
  assert.equal(Mustache.escape, before);
  assert.equal(Mustache.render("{{a}}", { a: "<" }), "&lt;");
});
