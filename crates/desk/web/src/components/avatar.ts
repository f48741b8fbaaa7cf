import { css, html } from 'lit';
import type { TemplateResult } from 'lit';
import { hue, initials } from '../format.js';

/** A contact's round picture: their initials on a colour of their own. */
export function avatar(name: string, extra = ''): TemplateResult {
  return html`<span class="avatar hue-${hue(name)} ${extra}" aria-hidden="true">${initials(name)}</span>`;
}

export const avatarStyles = css`
  .avatar {
    display: inline-grid;
    place-items: center;
    flex: none;
    width: 40px;
    height: 40px;
    border-radius: 50%;
    font-weight: 650;
    font-size: 15px;
    letter-spacing: 0.02em;
    color: #fff;
    background: #4a6076;
  }
  .hue-1 {
    background: #7a4f86;
  }
  .hue-2 {
    background: #96522f;
  }
  .hue-3 {
    background: #2f6f73;
  }
  .hue-4 {
    background: #5b5ea6;
  }
  .hue-5 {
    background: #8c4458;
  }
  .avatar.large {
    width: 96px;
    height: 96px;
    font-size: 34px;
  }
  .avatar.rings {
    animation: rings 1.8s ease-out infinite;
  }
  @keyframes rings {
    0% {
      box-shadow: 0 0 0 0 color-mix(in srgb, var(--go) 45%, transparent);
    }
    80%,
    100% {
      box-shadow: 0 0 0 20px transparent;
    }
  }
  @media (forced-colors: active) {
    .avatar {
      border: 1px solid CanvasText;
    }
  }
`;
