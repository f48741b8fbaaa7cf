import { css } from 'lit';

/** The supervisor's list: a row for each call, its buttons unfolded one at a time. */
export const liveStyles = css`
  h1 {
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 16px 16px 8px;
    font-size: 15px;
    font-weight: 650;
  }
  .count {
    min-width: 22px;
    padding: 0 7px;
    border: 1px solid var(--line-strong);
    border-radius: 999px;
    font-size: 13px;
    text-align: center;
  }
  .now {
    display: flex;
    align-items: center;
    gap: 10px;
    margin: 0 16px 8px;
    padding: 10px 14px;
    border: 1px solid var(--brand);
    border-radius: 12px;
    background: var(--brand-tint);
    font-weight: 600;
  }
  .now:not(:has(span)) {
    position: absolute;
    clip-path: inset(50%);
    padding: 0;
    margin: 0;
  }
  .none {
    padding: 0 16px 16px;
  }
  li {
    border-top: 1px solid var(--line);
  }
  li.mine {
    box-shadow: inset 4px 0 0 var(--brand);
  }
  .head {
    display: grid;
    grid-template-columns: minmax(220px, 1fr) minmax(0, auto) auto;
    justify-content: stretch;
    gap: 6px 14px;
    width: 100%;
    min-height: 60px;
    padding: 8px 14px 8px 16px;
    border: 0;
    border-radius: 0;
    background: none;
    font-weight: 400;
    text-align: start;
  }
  .head:focus-visible {
    outline-offset: -3px;
  }
  .who {
    min-width: 0;
    line-height: 1.35;
  }
  .name,
  .sub {
    display: block;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .name {
    font-weight: 600;
    overflow-wrap: anywhere;
  }
  .sub,
  .facts {
    color: var(--soft);
    font-size: 13px;
  }
  .facts {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: flex-end;
    gap: 4px 12px;
  }
  time {
    font-variant-numeric: tabular-nums;
  }
  .state {
    font-weight: 600;
    color: var(--ink);
  }
  .state.bridged {
    color: var(--go);
  }
  .state.reconnecting,
  .quality.poor,
  .quality.fair {
    color: var(--warn);
    font-weight: 600;
  }
  .tag {
    display: inline-flex;
    align-items: center;
    gap: 5px;
    padding: 0 8px;
    border: 1px solid var(--line-strong);
    border-radius: 999px;
    color: var(--ink);
  }
  .fold {
    transition: transform 120ms;
  }
  .fold.open {
    transform: rotate(180deg);
  }
  .acts {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    padding: 4px 16px 14px;
  }
  .acts button {
    min-height: 44px;
    padding: 0 12px;
    white-space: nowrap;
  }
  button[aria-pressed='true'] {
    border-color: var(--brand);
    background: var(--brand-tint);
  }
  @media (max-width: 620px) {
    .head {
      grid-template-columns: minmax(0, 1fr) auto;
    }
    .facts {
      grid-row: 2;
      grid-column: 1 / -1;
      justify-content: flex-start;
    }
    .acts button {
      flex: 1 1 120px;
    }
  }
`;
