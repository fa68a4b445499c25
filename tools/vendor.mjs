/**
 * Copy the front-end libraries from node_modules into static/vendor, trimmed to what the portal uses.
 *
 * Run by `make vendor` (npm ci, then this file). The result is committed, so neither a run nor a deployment needs Node:
 *   tabler/tabler.css   Tabler without the rules that no template, component or safelist entry uses, inside @layer vendor
 *   inter/              Inter (variable, optical size), one file per script, weights 400 to 700
 *   icons.json          name -> inner SVG of the Tabler icons listed in tools/icons.txt (read by the {% icon %} tag)
 *   idiomorph/ sortable/ chart/ tom-select/ event-calendar/   minified builds as published
 *   versions.json, licences/   what is here and under which licence
 */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import postcss from "postcss";
import { PurgeCSS } from "purgecss";
import subsetFont from "subset-font";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(root, "node_modules");
const out = join(root, "static", "vendor");
const LAYERS = "@layer vendor, tokens, base, layout, components, pages, utilities;\n";

const read = (...parts) => readFileSync(join(...parts), "utf8");

function write(path, content) {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), content);
  const size = Buffer.byteLength(content);
  console.log(`${path.padEnd(44)} ${String(Math.round(size / 1024)).padStart(5)} KB  ${String(Math.round(gzipSync(content).length / 1024)).padStart(4)} KB gzip`);
}

/** Rules that pages may start to use before the next `make vendor`: reboot, grid, spacing, forms, tables. */
const SAFELIST = {
  standard: [
    /^(html|body|hr|h[1-6]|p|a|b|strong|small|mark|code|pre|kbd|ul|ol|dl|dt|dd|table|thead|tbody|tfoot|tr|td|th|caption|label|button|input|select|textarea|fieldset|legend|details|summary|progress|img|svg|dialog)$/,
    /^(row|col|container-fluid)$/,
    /^col-(auto|\d+)$/, /^col-(md|lg)(-auto|-\d+)?$/, /^row-cols-(1|2|3|4)$/, /^g-[0-4]$/,
    /^(m|p)[tbsexy]?-([0-5]|auto)$/,
    /^d-(none|flex|grid|block|inline|inline-block|inline-flex|print-none|print-block)$/, /^d-(md|lg)-(none|flex|block)$/,
    /^flex-(fill|wrap|nowrap|column|row|grow-1|shrink-0)$/, /^(align-items|align-self|justify-content)-(start|center|end|baseline|between|stretch)$/, /^gap-[0-4]$/,
    /^text-(start|center|end|truncate|nowrap|wrap|break)$/, /^(w|h)-100$/, /^list-unstyled$/, /^visually-hidden(-focusable)?$/, /^overflow-(auto|hidden)$/, /^position-(relative|absolute|sticky)$/,
    /^table(-sm|-vcenter|-responsive|-borderless)?$/,
    /^form-(control|select|check|check-input|check-label|switch|label|text|range|floating)(-sm)?$/, /^input-group(-text)?$/, /^(is-invalid|invalid-feedback|btn)$/,
  ],
};

async function tabler() {
  const [purged] = await new PurgeCSS().purge({
    content: [`${root}/templates/**/*.html`, `${root}/apps/**/*.py`, `${root}/static/js/**/*.js`],
    css: [{ raw: read(modules, "@tabler/core/dist/css/tabler.min.css") }],
    safelist: SAFELIST,
    // The portal's own names (.nav, .card-t …) live in static/css/app.css; these are Tabler components it replaces.
    blocklist: [/^nav/, /^card/, /^badge/, /^alert/, /^modal/, /^dropdown/, /^toast/, /^avatar/, /^page/, /^steps/, /^timeline/, /^chat/, /^empty/, /^status/, /^tag/, /^progress/, /^btn-/, /^tooltip/, /^popover/, /^offcanvas/, /^accordion/, /^breadcrumb/, /^carousel/, /^list-group/, /^pagination/, /^placeholder/, /^spinner/],
    variables: true, keyframes: true, fontFace: true,
  });
  const sheet = postcss.parse(purged.css);
  const dark = [];
  sheet.walkRules((rule) => {
    rule.selectors = rule.selectors.map((s) => s.replaceAll(/\[data-bs-theme="?dark"?\]/g, "[data-bs-theme=dark]"));
    if (rule.selector.includes("[data-bs-theme=dark]") && rule.parent.type === "root") {
      dark.push(rule.clone({ selectors: rule.selectors.filter((s) => s.includes("[data-bs-theme=dark]")).map((s) => s.replaceAll("[data-bs-theme=dark]", "[data-bs-theme=auto]")) }));
    }
  });
  // "auto" follows the operating system without a script that could flash.
  const auto = postcss.atRule({ name: "media", params: "screen and (prefers-color-scheme:dark)" });
  auto.append(dark);
  sheet.append(auto);
  sheet.walkAtRules("charset", (rule) => rule.remove());
  sheet.walkComments((comment) => comment.remove());
  write("tabler/tabler.css", `/*! Tabler v${version("@tabler/core")} (MIT), trimmed by tools/vendor.mjs */\n${LAYERS}@layer vendor{${sheet.toString()}}\n`);
}

/** Latin Extended is split so that Polish, Czech, Turkish or Yoruba names cost 40 KB, not 130. */
const RANGES = [
  ["latin", "latin", "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,U+20AC,U+2122,U+2190-2193,U+2212,U+2215,U+FEFF,U+FFFD"],
  ["latin-ext", "latin-ext-a", "U+0100-0130,U+0132-0151,U+0154-017F,U+0218-021B,U+1E9E"],
  ["latin-ext", "latin-ext-b", "U+0180-0217,U+021C-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+1D00-1DBF,U+1E00-1E9D,U+1E9F,U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF"],
  ["vietnamese", "vietnamese", "U+0300-0301,U+0303,U+0309,U+0323,U+1EA0-1EF1,U+20AB"],
  ["cyrillic", "cyrillic", "U+0400-045F,U+0490-0491,U+04B0-04B1,U+2116"],
  ["greek", "greek", "U+0370-0377,U+037A-037F,U+0384-038A,U+038C,U+038E-03A1,U+03A3-03FF"],
];

function codePoints(range) {
  let text = "";
  for (const part of range.split(",")) {
    const [from, to] = part.slice(2).split("-").map((hex) => parseInt(hex, 16));
    for (let code = from; code <= (to ?? from); code++) text += String.fromCodePoint(code);
  }
  return text;
}

async function inter() {
  const faces = [];
  for (const [source, name, range] of RANGES) {
    const font = readFileSync(join(modules, `@fontsource-variable/inter/files/inter-${source}-opsz-normal.woff2`));
    const subset = await subsetFont(font, codePoints(range), { targetFormat: "woff2", variationAxes: { wght: { min: 400, max: 700 } } });
    write(`inter/inter-${name}.woff2`, subset);
    faces.push(`@font-face{font-family:"Inter Variable";font-style:normal;font-display:swap;font-weight:400 700;src:url(inter-${name}.woff2) format("woff2");unicode-range:${range}}`);
  }
  write("inter/inter.css", `/*! Inter v${version("@fontsource-variable/inter")} (OFL-1.1), weights 400 to 700 with optical size */\n${faces.join("\n")}\n`);
}

function icons() {
  const listed = read(root, "tools/icons.txt").split("\n").filter((line) => !line.startsWith("#")).join(" ");
  const names = [...new Set(listed.split(/\s+/).filter(Boolean))].sort();
  const set = {};
  for (const name of names) {
    const svg = read(modules, `@tabler/icons/icons/outline/${name}.svg`);
    set[name] = svg.slice(svg.indexOf(">") + 1, svg.lastIndexOf("</svg>"))
      .replaceAll(/\s*<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/g, "")
      .replaceAll(/\s*\n\s*/g, "").replaceAll(" />", "/>");
  }
  write("icons.json", JSON.stringify(set, null, 0).replaceAll('","', '",\n"') + "\n");
}

function copies() {
  const files = [
    ["idiomorph/dist/idiomorph.min.js", "idiomorph/idiomorph.min.js"],
    ["sortablejs/Sortable.min.js", "sortable/sortable.min.js"],
    ["chart.js/dist/chart.umd.min.js", "chart/chart.umd.min.js"],
    ["tom-select/dist/js/tom-select.base.min.js", "tom-select/tom-select.min.js"],
    ["@event-calendar/build/dist/event-calendar.min.js", "event-calendar/event-calendar.min.js"],
  ];
  for (const [from, to] of files) write(to, read(modules, from).replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n"));
  for (const [from, to] of [
    ["tom-select/dist/css/tom-select.default.min.css", "tom-select/tom-select.css"],
    ["@event-calendar/build/dist/event-calendar.min.css", "event-calendar/event-calendar.css"],
  ]) write(to, `${LAYERS}@layer vendor{${read(modules, from).replace(/@charset[^;]+;/, "").replace(/\/\*# sourceMappingURL=.*?\*\//, "").trim()}}\n`);
}

function version(name) {
  return JSON.parse(read(modules, name, "package.json")).version;
}

function licences() {
  const manifest = {};
  for (const name of Object.keys(JSON.parse(read(root, "package.json")).dependencies)) {
    const about = JSON.parse(read(modules, name, "package.json"));
    manifest[name] = { version: about.version, licence: about.license, home: about.homepage ?? about.repository?.url ?? about.repository };
    const file = readdirSync(join(modules, name)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? read(modules, name, file) : `${name} ${about.version}, ${about.license} licence, ${manifest[name].home}\n`;
    mkdirSync(join(out, "licences"), { recursive: true });
    writeFileSync(join(out, "licences", `${name.replace("@", "").replace("/", "-")}.txt`), text);
  }
  writeFileSync(join(out, "versions.json"), JSON.stringify(manifest, null, 2) + "\n");
}

rmSync(out, { recursive: true, force: true });
await tabler();
await inter();
icons();
copies();
licences();
