import { svg } from 'lit';
import type { TemplateResult } from 'lit';

/** Drawn for a 24-unit square with the text's colour; never read out. */
function icon(paths: ReturnType<typeof svg>): TemplateResult {
  return svg`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${paths}</svg>`;
}

const HANDSET = 'M6.2 3.8 8.6 3.4a1.3 1.3 0 0 1 1.4.8l1.1 2.8a1.3 1.3 0 0 1-.4 1.5L9.2 9.7a12 12 0 0 0 5.1 5.1l1.2-1.5a1.3 1.3 0 0 1 1.5-.4l2.8 1.1a1.3 1.3 0 0 1 .8 1.4l-.4 2.4a2 2 0 0 1-2 1.7A15.3 15.3 0 0 1 4.5 5.8a2 2 0 0 1 1.7-2Z';

export const handset = icon(svg`<path d=${HANDSET} />`);
export const hangUp = icon(svg`<path transform="rotate(135 12 12)" d=${HANDSET} />`);
export const microphone = icon(svg`<rect x="9" y="3" width="6" height="11" rx="3" /><path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />`);
export const microphoneOff = icon(svg`<path d="M15 9.5V6a3 3 0 0 0-5.9-.8M9 9v2a3 3 0 0 0 4.6 2.5M5.5 11.5A6.5 6.5 0 0 0 16.4 16M18.5 11.5a6.4 6.4 0 0 1-.5 2.5M12 18v3M4 4l16 16" />`);
export const record = icon(svg`<circle cx="12" cy="12" r="8" /><circle cx="12" cy="12" r="3.6" fill="currentColor" stroke="none" />`);
export const pause = icon(svg`<path d="M9 6v12M15 6v12" />`);
export const stop = icon(svg`<rect x="7" y="7" width="10" height="10" rx="1.5" />`);
export const cross = icon(svg`<path d="m7 7 10 10M17 7 7 17" />`);
export const alert = icon(svg`<circle cx="12" cy="12" r="9" /><path d="M12 7.5v5.5M12 16.4v.1" />`);
export const check = icon(svg`<path d="m5.5 12.5 4.2 4.2L18.5 8" />`);
export const headset = icon(svg`<path d="M4.5 15v-3a7.5 7.5 0 0 1 15 0v3" /><rect x="3.5" y="13.5" width="4" height="6" rx="1.6" /><rect x="16.5" y="13.5" width="4" height="6" rx="1.6" /><path d="M18.5 19.5a4.5 4.5 0 0 1-4.5 2h-1.5" />`);
export const hold = icon(svg`<circle cx="12" cy="12" r="9" /><path d="M10 9v6M14 9v6" />`);
export const transfer = icon(svg`<path d="M4 12h13M12.5 6.5 18 12l-5.500 5.500M20.500 5v14" />`);
export const ear = icon(svg`<path d="M7 9a5 5 0 0 1 10 0c0 3.200-3.500 4-3.500 7a3 3 0 0 1-5.500 1.500M10 9.500a2 2 0 0 1 4 0c0 1.500-1.500 1.800-1.500 3" />`);
export const people = icon(svg`<circle cx="9" cy="8.500" r="3.500" /><path d="M2.500 19.500a6.500 6.500 0 0 1 13 0M16 5.300a3.500 3.500 0 0 1 0 6.400M18 14a6.500 6.500 0 0 1 3.500 5.500" />`);
export const back = icon(svg`<path d="M9.500 6 4 11.500 9.500 17M4.500 11.500H15a5 5 0 0 1 5 5v1" />`);
export const window = icon(svg`<rect x="3" y="4.500" width="18" height="15" rx="2.500" /><path d="M3 9h18M6 6.800v.1" />`);
export const pencil = icon(svg`<path d="m4 20 1-4.500L16.500 4a2 2 0 0 1 2.800 0l.7.7a2 2 0 0 1 0 2.800L8.500 19 4 20ZM14.500 6l3.500 3.500" />`);
export const chevron = icon(svg`<path d="m8 10 4 4 4-4" />`);
export const mark = svg`<svg viewBox="0 0 32 32" aria-hidden="true">
  <rect width="32" height="32" rx="9" fill="var(--brand)" />
  <g fill="none" stroke="var(--on-brand)" stroke-width="2.6" stroke-linecap="round">
    <path d="M9 15.5a7 7 0 0 1 14 0" />
    <path d="M5.8 15.5a10.2 10.2 0 0 1 20.4 0" opacity=".45" />
    <path d="M16 15.5v8.2m-3.4-3.3 3.4 3.4 3.4-3.4" />
  </g></svg>`;
