/**
 * [data-chart="id"]: a chart of the table with that id, so that both always say the same. Columns whose head has [data-token] are
 * drawn in that colour, [data-unit=ratio] as percentages; a cell's [data-value] is the number, empty where it isn't known; its text is what the tooltip says.
 * Bars stand on each other; [data-line] draws a line. Needs Chart.js, loaded before by the page.
 */
import { onLoad } from "./on-load.js";
import { token } from "./theme.js";

const drawn = new Map();

/** @param {HTMLTableElement} table */
function read(table) {
  const rows = [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[0].cells];
  return {
    labels: rows.map((row) => row.cells[0].textContent),
    series: heads.flatMap((head, place) => head.dataset.token ? [{
      label: head.textContent,
      token: head.dataset.token,
      isShare: head.dataset.unit === "ratio",
      values: rows.map((row) => row.cells[place].dataset.value === "" ? null : Number(row.cells[place].dataset.value)),
      texts: rows.map((row) => row.cells[place].textContent),
    }] : []),
  };
}

function settings({ labels, series }, isLine) {
  const ink = token("--ink-3");
  const isShare = series.some((one) => one.isShare);
  const font = { family: getComputedStyle(document.body).fontFamily, size: 12 };
  return {
    type: isLine ? "line" : "bar",
    data: {
      labels,
      datasets: series.map((one) => ({
        label: one.label, data: one.values, backgroundColor: token(one.token), borderColor: token(one.token),
        borderWidth: isLine ? 2 : 0, pointRadius: isLine ? 2 : 0, tension: 0, spanGaps: true, maxBarThickness: 28, borderRadius: 2,
      })),
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: { stacked: !isLine, grid: { display: false }, border: { color: token("--line-2") }, ticks: { color: ink, font, maxRotation: 0, autoSkipPadding: 16 } },
        y: {
          stacked: !isLine, beginAtZero: true, suggestedMax: isShare ? 1 : undefined, border: { display: false }, grid: { color: token("--line") },
          ticks: { color: ink, font, precision: isShare ? undefined : 0, maxTicksLimit: 5, callback: (value) => isShare ? `${Math.round(value * 100)}%` : value },
        },
      },
      plugins: {
        legend: { display: series.length > 1, position: "bottom", labels: { color: token("--ink-2"), font, boxWidth: 10, boxHeight: 10 } },
        tooltip: {
          backgroundColor: token("--toast-bg"), titleColor: token("--toast-ink"), bodyColor: token("--toast-ink"), titleFont: font, bodyFont: font, boxPadding: 4,
          callbacks: { label: (item) => `${item.dataset.label}: ${series[item.datasetIndex].texts[item.dataIndex]}` },
        },
      },
    },
  };
}

/** @param {HTMLElement} figure */
function draw(figure) {
  const table = document.getElementById(figure.dataset.chart);
  drawn.get(figure)?.destroy();
  const canvas = document.createElement("canvas");
  figure.replaceChildren(canvas);
  drawn.set(figure, new Chart(canvas, settings(read(table), "line" in figure.dataset)));
}

function drop() {
  for (const [figure, chart] of drawn) if (!figure.isConnected) { chart.destroy(); drawn.delete(figure); }
}

onLoad("[data-chart]", draw);
document.addEventListener("htmx:afterSettle", drop);
document.addEventListener("theme:change", () => { drop(); for (const figure of [...drawn.keys()]) draw(figure); });
