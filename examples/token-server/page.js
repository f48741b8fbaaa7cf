// A page of the CRM that takes calls with Ringdown's SDK, loaded from the daemon itself.
const element = (id) => document.getElementById(id);
const trouble = (error) => {
  element('trouble').textContent = [error.message, error.hint].filter(Boolean).join(' ');
};

async function post(path, body) {
  const response = await fetch(path, { method: 'POST', body: JSON.stringify(body ?? {}) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

element('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    const { name } = await post('/login', { agent: event.target.elements.agent.value });
    element('name').textContent = name;
    element('login').hidden = true;
    await startPhone();
    element('phone').hidden = false;
  } catch (error) {
    trouble(error);
  }
});

async function startPhone() {
  const { url } = await (await fetch('/ringdown.json')).json();
  const { Device } = await import(`${url}/sdk/ringdown-sdk.js`);
  // Asked for again whenever the socket must be opened anew: tokens live for minutes.
  const getToken = async () => (await post('/token')).token;
  const device = new Device({ url, getToken, label: 'CRM' });
  device.on('presence', (presence) => {
    element('presence').textContent = presence;
  });
  device.on('incoming', show);
  device.on('error', trouble);
  await device.register();
  element('presence').textContent = device.presence;
  device.ringing.forEach(show);
  // In the click, because browsers let sound start only there.
  element('ready').addEventListener('click', () => device.goReady().catch(trouble));
}

function show(call) {
  if (document.getElementById(call.id)) return;
  const item = document.createElement('li');
  item.id = call.id;
  element('calls').append(item);
  const draw = () => {
    const buttons = { ringing: ['accept', 'reject'], connecting: ['hangup'], open: ['hangup'] };
    item.replaceChildren(
      `${call.from.display} on ${call.lineName}: ${call.state} `,
      ...(buttons[call.state] ?? []).map((action) => button(call, action)),
    );
  };
  call.on('update', draw);
  call.on('close', () => item.remove());
  draw();
}

function button(call, action) {
  const made = document.createElement('button');
  made.textContent = action;
  made.disabled = action === 'accept' && !call.claimable;
  made.addEventListener('click', () => call[action]().catch(trouble));
  return made;
}
