/** Colours by name, for light and for dark; eight for hosts, distinguishable by colour-blind readers. */
const LIGHT = {
  bg: "#f6f6f3",
  card: "#ffffff",
  ink: "#1d2127",
  muted: "#5d6570",
  grid: "#e4e6ea",
  accent: "#2f66ad",
  second: "#d5702a",
  bad: "#c4362f",
  good: "#2f8a5b",
  c0: "#2f66ad",
  c1: "#e08a2c",
  c2: "#3f9a76",
  c3: "#a0569b",
  c4: "#5b8fd1",
  c5: "#8a8f2a",
  c6: "#2598a3",
  c7: "#8d6a48",
};
type Colours = typeof LIGHT;

const DARK: Colours = {
  bg: "#14171b",
  card: "#1c2026",
  ink: "#e8eaed",
  muted: "#9aa3af",
  grid: "#323842",
  accent: "#7fb0ee",
  second: "#f0a05c",
  bad: "#f0827a",
  good: "#74c79b",
  c0: "#7fb0ee",
  c1: "#f2b266",
  c2: "#76c9a5",
  c3: "#d195cb",
  c4: "#4f86cf",
  c5: "#c4c765",
  c6: "#62ccd6",
  c7: "#c6a482",
};

export const HOST_COLOURS = 8;

const variables = (colours: Colours) => Object.entries(colours).map(([name, value]) => `--${name}:${value}`).join(";");

const FIGURE_CSS = `
svg text{fill:var(--ink);font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums}
svg .muted{fill:var(--muted)}
svg .small{font-size:11px}
svg .grid{stroke:var(--grid);stroke-width:1;fill:none}
svg .axis{stroke:var(--muted);stroke-width:1;fill:none}
svg .line{fill:none;stroke-width:2;stroke-linejoin:round}
svg .dash{stroke-dasharray:5 4}
svg .dots{stroke-dasharray:1.5 4;stroke-linecap:round}
svg .halo{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
svg .gap{stroke:var(--card);stroke-width:.7}`;

/** Style of a stand-alone figure: light, on white. */
export const SVG_STYLE = `:root,svg{${variables(LIGHT)}}${FIGURE_CSS}`;

/** Style of the page: light, dark, small screens, print. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;${variables(LIGHT)}}
@media (prefers-color-scheme:dark){:root{${variables(DARK)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}
header p{margin:.2em 0;color:var(--muted)}
h1{font-size:27px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}
h2{font-size:16px;margin:0 0 2px}
.lead{font-size:18px;margin:14px 0 18px;max-width:62em}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:16px 0 20px;padding:0}
.tile{background:var(--card);border:1px solid var(--grid);border-radius:10px;padding:11px 12px}
.tile b{display:block;font-size:22px;line-height:1.25;font-weight:650;letter-spacing:-.01em;overflow-wrap:normal}
.tile span{color:var(--muted);font-size:12px;line-height:1.4;display:block}
.tile.first{border-color:var(--accent);box-shadow:inset 0 3px 0 var(--accent)}
.tile.wrong{border-color:var(--bad);box-shadow:inset 0 3px 0 var(--bad)}
.tile.wrong b,.tile.wrong span{color:var(--bad)}
.cards{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px}
.card{background:var(--card);border:1px solid var(--grid);border-radius:10px;padding:14px 16px;min-width:0}
.wide{grid-column:1/-1}
.card>p{margin:0 0 8px;color:var(--muted);font-size:13.5px}
.scroll{overflow-x:auto}
svg{display:block;width:100%;height:auto}
ul{margin:8px 0 0;padding-left:1.2em}
li{margin:4px 0}
table{border-collapse:collapse;width:100%;font-size:12.5px}
th,td{padding:5px;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap;overflow-wrap:normal}
th,td.w{white-space:normal}td.w{min-width:14em}
@media screen{td:not(.w) wbr{display:none}}
th{vertical-align:bottom;color:var(--muted);font-weight:600;position:sticky;top:0;background:var(--card)}
th button{all:unset;cursor:pointer}
th button:focus-visible{outline:2px solid var(--accent)}
th[aria-sort=ascending] button::after{content:" \\2191"}
th[aria-sort=descending] button::after{content:" \\2193"}
.l{text-align:left}
details{margin-top:8px;font-size:13px}
summary{cursor:pointer;color:var(--muted)}
.scroll:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.bad{color:var(--bad);font-weight:600}
.tall{max-height:520px;overflow:auto}
code{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--bg);border-radius:4px;padding:1px 5px}
.key{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px;color:var(--muted);margin:6px 0 0}
.key i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:6px}
footer{color:var(--muted);font-size:13px;margin-top:26px}
@media screen and (max-width:720px){main{padding:18px 12px 40px}.cards{grid-template-columns:minmax(0,1fr)}
.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}.tile b{font-size:20px}.card{padding:12px}
.scroll>svg{min-width:420px}.wide .scroll>svg{min-width:640px}}
@media print{:root{${
  variables(LIGHT)
};--bg:#fff}body{font-size:11px}h1{font-size:20px}h2{font-size:13px}.lead{font-size:14px}
main{max-width:none;padding:0}.card,.tile{break-inside:avoid}.card:has(table){break-inside:auto}tr{break-inside:avoid}
.tiles{grid-template-columns:repeat(auto-fit,minmax(104px,1fr));gap:8px}.tile b{font-size:17px}.tile span{font-size:10px}
.card{padding:8px 10px}.card>p{font-size:10.5px}table{font-size:8px}th,td{padding:2px 3px}td.l{min-width:0;white-space:normal;overflow-wrap:break-word}code{font-size:9px}
.scroll,.tall{max-height:none;overflow:visible}th{position:static}details{display:none}}
${FIGURE_CSS}`;
