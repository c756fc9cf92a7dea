// A canvas knows colours, not the names a sheet gives them.

/** What the sheet's variable is at this place, in the reader's light or dark. */
export function colourAt(place: HTMLElement, name: string): string {
  place.style.color = `var(${name})`;
  return getComputedStyle(place).color;
}
