import { css } from 'lit';

/** Dialogs that lie over the page; the browser keeps the focus in them and gives it back. */
export const dialogStyles = css`
  dialog {
    width: min(460px, 100vw - 24px);
    max-height: min(640px, 100dvh - 24px);
    padding: 0;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    color: var(--ink);
    box-shadow: var(--shadow-high);
  }
  dialog::backdrop {
    background: rgb(8 14 20 / 55%);
  }
  .body {
    display: grid;
    gap: 14px;
    padding: 20px clamp(14px, 4vw, 24px);
  }
  h2 {
    font-size: 19px;
    line-height: 1.3;
    overflow-wrap: anywhere;
  }
  .acts {
    display: flex;
    flex-wrap: wrap;
    gap: 10px;
  }
  .acts button {
    flex: 1 1 118px;
    min-height: 46px;
    padding: 0 8px;
    white-space: nowrap;
  }
  @media (max-width: 480px) {
    .acts svg {
      display: none;
    }
    .acts button {
      flex-basis: 100px;
    }
  }
`;
