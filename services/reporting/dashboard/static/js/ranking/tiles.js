// The tile map: one square for each unit near its place on the map, coloured by its figure.
import { ramp, scale } from "../color.js";
import { h, say } from "../dom.js";
import { name, t } from "../labels.js";
import { index, number, sentence } from "./rows.js";
import { unitAddress } from "./table.js";

const KIND = /^(Quận|Huyện|Thị xã|Thành phố|Phường|Xã|Thị trấn)\s+|\s+(Urban District|Rural District|Town|City|Ward|Commune)$/;

/** Draws a map into an element, or says that the block has none. */
export function drawTiles(element, rows, tiles, legend) {
  const placed = rows.filter((row) => tiles[row.unit]);
  if (!placed.length) {
    element.replaceChildren(h("p", { class: "notice" }, t("tiles.none")));
    legend?.replaceChildren();
    return;
  }
  let map = element.querySelector(".tiles");
  if (!map) {
    map = h("ul", { class: "tiles" });
    element.replaceChildren(map);
  }
  const places = placed.map((row) => tiles[row.unit]);
  const [top, left] = [0, 1].map((n) => Math.min(...places.map((place) => place[n])));
  map.style.setProperty("--columns", Math.max(...places.map((place) => place[1])) - left + 1);
  const colors = scale(placed.map(number).filter((value) => value !== null));
  if (legend) ramp(legend, colors, { low: t("legend.low"), high: t("legend.high") });
  const before = new Map([...map.children].map((tile) => [tile.dataset.unit, tile]));
  for (const row of placed) {
    let tile = before.get(row.unit);
    if (!tile) {
      const address = unitAddress(row);
      tile = h("li", { "data-unit": row.unit }, h(address ? "a" : "span", { class: "tile", href: address }, h("b"), h("span"), h("small")));
      map.append(tile);
    }
    before.delete(row.unit);
    const [y, x] = tiles[row.unit];
    tile.style.gridArea = `${y - top + 1} / ${x - left + 1}`;
    const box = tile.firstChild;
    box.className = `tile ${row.index === null ? "empty" : `step-${colors.step(number(row))}`}${row.provisional ? " provisional" : ""}`;
    box.title = sentence(row);
    const [who, figure, rank] = box.children;
    say(who, name(row.name).replace(KIND, ""));
    say(figure, index(row));
    say(rank, row.rank === null ? "" : `#${row.rank}`);
  }
  before.forEach((tile) => tile.remove());
}
