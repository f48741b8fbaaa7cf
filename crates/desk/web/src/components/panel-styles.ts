import { css } from 'lit';

/** The large panel that fills the stage while no call does. */
export const panelStyles = css`
  .large {
    display: grid;
    justify-items: center;
    gap: 16px;
    padding: clamp(28px, 7vw, 64px) clamp(16px, 5vw, 48px);
    text-align: center;
  }
  @media (min-width: 861px) {
    .large {
      align-content: center;
      min-height: min(560px, 100dvh - 150px);
    }
  }
  .disc {
    display: grid;
    place-items: center;
    width: 88px;
    height: 88px;
    border-radius: 50%;
    background: var(--brand-tint);
    color: var(--brand);
    font-size: 34px;
  }
  .disc.warn {
    background: var(--warn-tint);
    color: var(--warn);
  }
  h1 {
    font-size: clamp(22px, 5vw, 28px);
    line-height: 1.2;
    letter-spacing: -0.015em;
    overflow-wrap: anywhere;
  }
  .large p {
    max-width: 42ch;
  }
  .large button.brand {
    min-height: 60px;
    padding: 8px clamp(28px, 8vw, 56px);
    font-size: 18px;
  }
`;
