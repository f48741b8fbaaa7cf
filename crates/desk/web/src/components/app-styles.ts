import { css } from 'lit';

/** The page's frame: a header, calls in the middle, lists beside them; one column on a phone. */
export const appStyles = css`
  :host {
    min-height: 100dvh;
  }
  .waiting {
    display: grid;
    place-items: center;
    min-height: 100dvh;
    color: var(--soft);
  }
  header {
    position: sticky;
    top: 0;
    z-index: 1;
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 6px 20px;
    padding: 8px clamp(12px, 2.5vw, 28px);
    background: var(--surface);
    border-bottom: 1px solid var(--line);
  }
  .brand {
    display: inline-flex;
    align-items: center;
    gap: 10px;
    font-size: 17px;
    font-weight: 700;
    letter-spacing: -0.01em;
  }
  .brand svg {
    width: 30px;
    height: 30px;
  }
  .connection {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    margin-right: auto;
    color: var(--soft);
    font-size: 13px;
  }
  .connection .dot {
    width: 8px;
    height: 8px;
    border-radius: 50%;
    background: var(--warn);
    forced-color-adjust: none;
  }
  .connection.online .dot {
    background: var(--go);
  }
  .connection.replaced .dot,
  .connection.ended .dot {
    background: var(--stop);
  }
  .connection.reconnecting {
    color: var(--warn);
    font-weight: 600;
  }
  .agent {
    display: inline-flex;
    align-items: center;
    flex-wrap: wrap;
    gap: 4px 10px;
    font-weight: 600;
  }
  .presence {
    display: inline-flex;
    align-items: center;
    gap: 7px;
    padding: 2px 10px;
    border: 1px solid var(--line);
    border-radius: 999px;
    font-size: 13px;
  }
  .presence .dot {
    width: 9px;
    height: 9px;
    border-radius: 50%;
    background: var(--line-strong);
    forced-color-adjust: none;
  }
  .presence.ready .dot {
    background: var(--go);
  }
  .presence.busy .dot {
    background: var(--stop);
  }
  .presence.wrap_up .dot {
    background: var(--warn);
  }
  .watch {
    min-height: 36px;
    padding: 0 14px;
  }
  .watch[aria-pressed='true'] {
    border-color: var(--brand);
    background: var(--brand-tint);
  }
  .number {
    font-variant-numeric: tabular-nums;
  }
  .columns {
    display: grid;
    grid-template-columns: minmax(0, 1fr) 360px;
    align-items: start;
    gap: 24px;
    max-width: 1180px;
    margin: 0 auto;
    padding: 24px clamp(12px, 2.5vw, 28px) 96px;
  }
  .columns > main,
  aside {
    min-width: 0;
  }
  aside {
    display: grid;
    gap: 16px;
  }
  rd-call-card,
  rd-ring-card,
  main > rd-ready-panel,
  rd-elsewhere-panel,
  rd-wrap-up,
  rd-live-calls,
  .ended {
    margin-bottom: 16px;
  }
  .ended {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 12px;
    padding: 14px 16px;
    border-color: var(--stop);
  }
  @media (max-width: 860px) {
    .columns {
      grid-template-columns: minmax(0, 1fr);
      gap: 0;
      padding-top: 16px;
    }
    header {
      position: static;
    }
    .agent {
      flex-basis: 100%;
    }
    .agent button {
      margin-left: auto;
      padding: 0 4px;
    }
    .connection.online .words {
      position: absolute;
      clip-path: inset(50%);
    }
  }
`;
