/* JsSIP as a phone without a browser: its signalling is its own, its WebRTC is a small one of our own that speaks plain PCMU on a UDP socket
 * and sends back what it hears. Lines on standard input steer it; events are JSON objects on standard output.
 *
 *     node phone.js '{"url": "ws://127.0.0.1:5060", "uri": "sip:web@127.0.0.1", "password": "x", "register": true}'
 *
 * call URI | answer | hold [UPDATE] | unhold [UPDATE] | info DIGITS | message URI TEXT | refer URI | bye | unregister | quit
 */
'use strict';

const dgram = require('dgram');
const readline = require('readline');

const settings = JSON.parse(process.argv[2]);

function say(event, more = {}) {
  process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);
}

/* ---- what a browser has ---- */

const MIRRORED = { sendonly: 'recvonly', recvonly: 'sendonly', inactive: 'inactive', sendrecv: 'sendrecv' };

/* RFC 3264 of one audio stream; of RTCPeerConnection what JsSIP asks for. */
class PeerConnection extends EventTarget {
  constructor() {
    super();
    this.iceConnectionState = 'connected';
    this.signalingState = 'stable';
    this.version = 0;
    this.heard = 0;
    this.socket = dgram.createSocket('udp4');
    this.socket.on('message', (packet, from) => {
      this.heard += 1;
      if (this.heard === 1) say('rtp');
      this.socket.send(packet, from.port, from.address);
    });
    this.socket.bind(0, '127.0.0.1', () => {
      this.iceGatheringState = 'complete';
      this.dispatchEvent(new Event('icegatheringstatechange'));
    });
    this.iceGatheringState = 'gathering';
  }

  /* Complete once the socket is bound: JsSIP waits for that as for the last candidate. */
  get localDescription() {
    if (!this.local) return null;
    const { type, direction } = this.local;
    const sdp = ['v=0', `o=- 1 ${this.version} IN IP4 127.0.0.1`, 's=-', 'c=IN IP4 127.0.0.1', 't=0 0',
      `m=audio ${this.socket.address().port} RTP/AVP 0`, 'a=rtpmap:0 PCMU/8000', `a=${direction}`, ''].join('\r\n');
    return { type, sdp };
  }

  async createOffer() {
    return { type: 'offer', direction: 'sendrecv' };
  }

  async createAnswer() {
    const asked = /^a=(sendrecv|sendonly|recvonly|inactive)\r?$/m.exec(this.remoteDescription.sdp);
    return { type: 'answer', direction: MIRRORED[asked ? asked[1] : 'sendrecv'] };
  }

  async setLocalDescription(description) {
    this.local = description;
    this.version += 1;
    this.signalingState = description.type === 'offer' ? 'have-local-offer' : 'stable';
  }

  async setRemoteDescription(description) {
    if (!/^m=audio [1-9][0-9]* RTP\/AVP /m.test(description.sdp)) throw new Error('no audio in the description');
    this.remoteDescription = description;
    this.signalingState = description.type === 'offer' ? 'have-remote-offer' : 'stable';
  }

  addTrack() {}

  getSenders() {
    return [];
  }

  close() {
    if (this.signalingState === 'closed') return;
    this.signalingState = 'closed';
    this.socket.close();
  }
}

globalThis.window = globalThis;
globalThis.RTCPeerConnection = PeerConnection;
globalThis.RTCSessionDescription = class {
  constructor(description) {
    Object.assign(this, description);
  }
};
/* A server's certificate is trusted by NODE_EXTRA_CA_CERTS. */
globalThis.WebSocket = require('ws');

const JsSIP = require('jssip');

/* ---- the phone ---- */

const silence = { getTracks: () => [], getAudioTracks: () => [], getVideoTracks: () => [] };
const media = { mediaStream: silence, mediaConstraints: { audio: true, video: false } };
let session = null;

const phone = new JsSIP.UA({
  sockets: [new JsSIP.WebSocketInterface(settings.url)],
  uri: settings.uri,
  password: settings.password,
  register: Boolean(settings.register),
  register_expires: settings.expires || 600,
  session_timers: settings.session_timers !== false,
  connection_recovery_min_interval: 1,
  connection_recovery_max_interval: 2,
});

function follow(one) {
  session = one;
  say('session', { from: one.direction, remote: String(one.remote_identity.uri) });
  for (const event of ['progress', 'accepted', 'confirmed', 'hold', 'unhold'])
    one.on(event, (e) => say(event, { originator: e.originator }));
  one.on('ended', (e) => say('ended', { originator: e.originator, cause: e.cause }));
  one.on('failed', (e) => say('failed', { cause: e.cause, status: e.message ? e.message.status_code : 0 }));
  one.on('newInfo', (e) => say('info', { originator: e.originator, body: e.request.body }));
  one.on('newDTMF', (e) => say('dtmf', { originator: e.originator, tone: e.dtmf.tone }));
  one.on('update', () => say('update'));
  one.on('refer', (e) => {
    say('refer', { to: String(e.request.refer_to.uri) });
    e.accept((next) => follow(next), media);
  });
}

phone.on('connected', () => say('connected'));
phone.on('disconnected', () => say('disconnected'));
phone.on('registered', (e) => say('registered', { status: e.response.status_code }));
phone.on('unregistered', () => say('unregistered'));
phone.on('registrationFailed', (e) => say('registrationFailed', { status: e.response ? e.response.status_code : 0, cause: e.cause }));
phone.on('newRTCSession', (e) => {
  if (e.originator === 'remote') follow(e.session);
});
phone.on('newMessage', (e) => {
  if (e.originator === 'remote') say('message', { body: e.request.body });
});

const commands = {
  call: (uri) => follow(phone.call(uri, media)),
  answer: () => session.answer(media),
  hold: (method) => session.hold({ useUpdate: method === 'UPDATE' }, () => say('held')),
  unhold: (method) => session.unhold({ useUpdate: method === 'UPDATE' }, () => say('unheld')),
  info: (digits) => session.sendDTMF(digits),
  message: (uri, ...words) => phone.sendMessage(uri, words.join(' '), {
    eventHandlers: {
      succeeded: (e) => say('messageSent', { status: e.response.status_code }),
      failed: (e) => say('messageSent', { status: e.response ? e.response.status_code : 0 }),
    },
  }),
  refer: (uri) => session.refer(uri, {
    eventHandlers: {
      requestFailed: (e) => say('referred', { cause: e.cause }),
      accepted: (e) => say('referred', { status: e.status_line.status_code }),
      failed: (e) => say('referred', { status: e.status_line.status_code }),
    },
  }),
  bye: () => session.terminate(),
  unregister: () => phone.unregister(),
  quit: () => {
    phone.stop();
    setTimeout(() => process.exit(0), 2000).unref();
    phone.on('disconnected', () => process.exit(0));
  },
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, ...rest] = line.split(' ');
  commands[word](...rest);
});
phone.start();
