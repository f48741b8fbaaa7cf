import { css } from 'lit';

/** What every component of the desk looks like. */
export const theme = css`
  :host {
    display: block;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3,
  p,
  ul {
    margin: 0;
    padding: 0;
  }
  ul {
    list-style: none;
  }
  svg {
    display: block;
    width: 1.25em;
    height: 1.25em;
    flex: none;
  }
  .panel {
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: var(--radius);
    box-shadow: var(--shadow);
  }
  .soft {
    color: var(--soft);
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.5em;
    min-height: 40px;
    padding: 0 16px;
    border: 1px solid var(--line-strong);
    border-radius: 999px;
    background: var(--surface);
    color: var(--ink);
    font: inherit;
    font-weight: 600;
    cursor: pointer;
    transition: background 120ms, border-color 120ms, filter 120ms;
  }
  button:hover {
    background: var(--raised);
  }
  button.brand,
  button.go,
  button.stop {
    border-color: transparent;
  }
  button.brand {
    background: var(--brand);
    color: var(--on-brand);
  }
  button.go {
    background: var(--go);
    color: var(--on-go);
  }
  button.stop {
    background: var(--stop);
    color: var(--on-stop);
  }
  button.brand:hover,
  button.go:hover,
  button.stop:hover {
    filter: brightness(1.08);
  }
  button.refuse {
    border-color: var(--stop);
    color: var(--stop);
  }
  button.refuse:hover {
    background: var(--stop-tint);
  }
  button.plain {
    min-height: 36px;
    padding: 0 12px;
    border-color: transparent;
    background: transparent;
    color: var(--soft);
  }
  button.plain:hover {
    color: var(--ink);
    background: var(--raised);
  }
  button:disabled {
    background: var(--raised);
    border-color: var(--line);
    color: var(--soft);
    filter: none;
    cursor: default;
  }
  :focus-visible {
    outline: 3px solid var(--brand);
    outline-offset: 2px;
  }
  @media (forced-colors: active) {
    button {
      border-color: ButtonText !important;
    }
    .panel {
      border-color: CanvasText;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation: none !important;
      transition: none !important;
    }
  }
`;
