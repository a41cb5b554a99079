// The style sheet and the script of the report page. Colours can be told apart with any colour vision, and every look
// has a mark of its own; dark and light schemes follow the reader's.
#include "perf/page.hpp"

namespace rowan::perf::page {

const std::string_view style = R"css(
:root { color-scheme: light dark; --page: #fff; --panel: #f7f7f5; --ink: #1d1d1b; --soft: #62625d; --rule: #dcdcd6;
  --good: #00694b; --bad: #b03a00; --open: #6b5a00;
  --c0: #0068a8; --c1: #c65200; --c2: #00835f; --c3: #b14f88; --c4: #8a6d00; --c5: #3b3b3b; --c6: #6f42b5; --c7: #77776f;
  --s1: #fdefdf; --s2: #f9d5ab; --s3: #f0aa66; --s4: #c8640f; --f1: #e6f0f9; --f2: #bcd9ef; --f3: #80b6de; --f4: #1f6fae;
  --zero: #f1f1ee; --edge: #fff; }
@media (prefers-color-scheme: dark) { :root { --page: #161618; --panel: #1e1e21; --ink: #e8e8e4; --soft: #a3a39b;
  --rule: #3a3a3d; --good: #4fd0a5; --bad: #ff9a5c; --open: #e0c94a;
  --c0: #5cb2ee; --c1: #f58f45; --c2: #35c99c; --c3: #e79bc7; --c4: #dcc243; --c5: #e8e8e4; --c6: #b99bf0; --c7: #94948c;
  --s1: #3d2a17; --s2: #5f3a16; --s3: #8d5117; --s4: #e0862f; --f1: #182c3c; --f2: #1c435f; --f3: #23628e; --f4: #58b0ea;
  --zero: #2a2a2c; --edge: #111; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1280px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 26px; margin: 0; } .lead { margin: 2px 0 20px; color: var(--soft); }
h2 { font-size: 20px; margin: 40px 0 8px; } h3 { font-size: 16px; margin: 22px 0 6px; }
p { margin: 4px 0 12px; max-width: 85ch; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(330px, 1fr)); gap: 2px 24px; margin: 8px 0;
  background: var(--panel); padding: 12px 16px; border-radius: 6px; }
dl div { display: flex; gap: 10px; } dt { flex: 0 0 118px; color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.wide { overflow-x: auto; } .sortable td { white-space: nowrap; }
table { border-collapse: collapse; font-size: 13px; }
th, td { text-align: left; padding: 3px 8px; border-bottom: 1px solid var(--rule); vertical-align: top; }
thead th { color: var(--soft); font-weight: 600; white-space: nowrap; vertical-align: bottom; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th button { all: unset; cursor: pointer; } th button:focus-visible { outline: 2px solid var(--c0); }
th[aria-sort=ascending] button::after { content: " ▲"; } th[aria-sort=descending] button::after { content: " ▼"; }
small { color: var(--soft); } summary { cursor: pointer; padding: 4px 0; }
.good { color: var(--good); font-weight: 600; white-space: nowrap; } .bad { color: var(--bad); font-weight: 600; white-space: nowrap; }
.open { color: var(--open); font-weight: 600; white-space: nowrap; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 18px 22px; }
.maps { grid-template-columns: repeat(auto-fill, minmax(min(100%, 380px), 1fr)); }
figure { margin: 0; background: var(--panel); border-radius: 6px; padding: 10px 12px; min-width: 0; overflow-x: auto; max-width: 640px; }
figcaption { font-weight: 600; font-size: 14px; margin-bottom: 6px; }
svg { display: block; width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
svg text.name { fill: var(--soft); } svg text.end { text-anchor: end; } svg text.middle { text-anchor: middle; }
svg text.label { font-weight: 600; }
.look0 { color: var(--c0); } .look1 { color: var(--c1); } .look2 { color: var(--c2); } .look3 { color: var(--c3); }
.look4 { color: var(--c4); } .look5 { color: var(--c5); } .look6 { color: var(--c6); } .look7 { color: var(--c7); }
svg text[class*=look] { fill: currentColor; }
.grid path.grid, path.grid { stroke: var(--rule); } path.axis, path.tick { stroke: var(--soft); fill: none; }
path.level { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 8 5; }
path.line { stroke: currentColor; stroke-width: 2; fill: none; } path.dotted { stroke: currentColor; stroke-width: 1.3; stroke-dasharray: 2 4; fill: none; }
path.cap { stroke: currentColor; stroke-width: 2; } path.span { stroke: var(--soft); stroke-width: 2; }
.mark { fill: currentColor; stroke: var(--panel); } .stroke { stroke: currentColor; stroke-width: 2.2; fill: none; }
.hollow { stroke: currentColor; stroke-width: 2; fill: var(--panel); }
.latency { min-width: 760px; max-width: 980px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; max-width: none; font-size: 13.5px; align-items: center; }
.legend span { display: inline-flex; align-items: center; gap: 6px; } .key { width: 30px; height: 14px; }
.heat td { text-align: right; font-variant-numeric: tabular-nums; border: 2px solid var(--panel); border-radius: 4px; padding: 4px 6px; min-width: 50px; }
.heat tbody th { border: 0; font-weight: 500; } p.heat { gap: 4px; } p.heat span { padding: 2px 8px; border-radius: 4px; font-size: 12.5px; }
.slow1 { background: var(--s1); } .slow2 { background: var(--s2); } .slow3 { background: var(--s3); } .slow4 { background: var(--s4); color: var(--edge); }
.fast1 { background: var(--f1); } .fast2 { background: var(--f2); } .fast3 { background: var(--f3); } .fast4 { background: var(--f4); color: var(--edge); }
.fast0 { background: var(--zero); }
@media print { details > * { display: block; } figure, tr { break-inside: avoid; } }
)css";

// Heads of sortable tables become buttons; without the script the tables stand as they were written.
const std::string_view script = R"js(
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const text = (row) => row.cells[column].dataset.n ?? row.cells[column].textContent;
      const order = (a, b) => {
        const x = parseFloat(text(a)), y = parseFloat(text(b));
        if (head.classList.contains("n") && !Number.isNaN(x) && !Number.isNaN(y)) return x - y;
        return text(a).localeCompare(text(b));
      };
      const rows = [...table.tBodies[0].rows].sort(order);
      if (down) rows.reverse();
      table.tBodies[0].append(...rows);
    });
  });
}
)js";

}  // namespace rowan::perf::page
