// usage: node peerjs_server.mjs PORT
// PeerJS's own server, as its documentation starts it.
import { PeerServer } from "peer";

PeerServer({ port: Number(process.argv[2]), path: "/" }, () => console.log("ready"));
