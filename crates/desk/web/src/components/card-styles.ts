import { css } from 'lit';

/** What the cards of a ringing and of a running call share. */
export const cardStyles = css`
  .card {
    display: grid;
    justify-items: center;
    gap: 16px;
    padding: clamp(20px, 5vw, 40px) clamp(12px, 4vw, 32px);
    text-align: center;
  }
  @media (min-width: 861px) {
    .card {
      align-content: center;
      min-height: min(560px, 100dvh - 150px);
    }
  }
  .card.ringing {
    border-color: var(--go);
  }
  .state {
    font-weight: 600;
  }
  .go-text {
    color: var(--go);
  }
  h1 {
    font-size: clamp(22px, 5vw, 28px);
    line-height: 1.2;
    letter-spacing: -0.015em;
    overflow-wrap: anywhere;
  }
  .origin {
    display: block;
    color: var(--ink);
  }
  .clock {
    font-variant-numeric: tabular-nums;
  }
  .warn {
    color: var(--warn);
    font-weight: 600;
  }
  .choices {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(128px, 1fr));
    gap: 12px;
    width: min(380px, 100%);
    margin-top: 8px;
  }
  .choices button {
    min-height: 52px;
    padding: 0 8px;
    font-size: 16px;
  }
`;
