// A colour for each group of raters, of pages that have the style for it.
import { css } from "./color.js";

const GROUPS = 8;

/** A colour for each group, in the definition's order; they come again after eight. */
export const groupColor = (place) => css(`--group-${(place % GROUPS) + 1}`);
