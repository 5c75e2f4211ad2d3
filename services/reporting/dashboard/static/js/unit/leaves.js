// The leaves of a unit's drill-down by their codes, with where they stand, and how what belongs to them is addressed.

/** @typedef {{leaf: any, criterion: any, field: any}} Place */

/** @returns {Map<string, Place>} */
export function placesOf(unit) {
  const found = new Map();
  for (const field of unit.fields) {
    for (const criterion of field.criteria) {
      for (const leaf of criterion.leaves) found.set(leaf.leaf, { leaf, criterion, field });
    }
  }
  return found;
}

/** What the address calls a part of the drill-down. Codes have no dots and no spaces. */
export const key = (kind, code) => `${kind}.${code}`;

/** The parts that have to be open for a leaf to be seen open. */
export const way = ({ leaf, criterion, field }) => [key("field", field.field), key("criterion", criterion.criterion), key("leaf", leaf.leaf)];

/** The parts that the address says are open. */
export const opened = (text) => new Set((text ?? "").split(" ").filter(Boolean));
