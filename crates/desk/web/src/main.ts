import { App } from './components/app.js';
import { Ringtone } from './ringtone.js';
import { Session } from './session.js';
import type { DeskState } from './state.js';
import { language, t } from './strings.js';
import { TitleFlash } from './title-flash.js';

document.documentElement.lang = language;

const app = document.querySelector('rd-app') as App;
const flash = new TitleFlash(t('app.title'));
const ringtone = new Ringtone();

const session: Session = new Session((state) => {
  app.state = state;
  alertAgent(state);
  // Leaving the page leaves the caller alone with music; at other times nothing is lost.
  window.onbeforeunload = state.call ? (event) => event.preventDefault() : null;
});
app.actions = session;

/** Rings only for what can be taken: an agent who talks sees the next call but does not hear it. */
function alertAgent(state: DeskState): void {
  const rings = state.ringing.find(({ claimable }) => claimable);
  flash.show(rings && t('incoming.flash', { name: rings.name }));
  const context = state.media === 'up' && !state.call ? session.audioContext : undefined;
  if (rings && context) ringtone.start(context);
  else ringtone.stop();
}

window.addEventListener('hashchange', () => {
  if (location.hash.startsWith('#code=')) void session.start();
});
void session.start();
