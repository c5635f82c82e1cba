// A way to the PostgreSQL server that can be cut, fall silent, or stall and go on.

const net = require('node:net')
const { url } = require('./support.js')

/** All that a test has made, to be cut after it however it ended. */
const ways = new Set()

async function proxy() {
  const to = new URL(url)
  const sockets = new Set()
  let [silent, stalled] = [false, false]
  const server = net.createServer((incoming) => {
    const outgoing = net.connect(Number(to.port), to.hostname)
    const ends = [incoming, outgoing]
    for (const [at, end] of ends.entries()) {
      sockets.add(end)
      if (stalled) end.pause()
      end.on('data', (data) => silent || ends[1 - at].write(data))
      end.on('error', () => {})
      end.on('close', () => ends[1 - at].destroy())
    }
  })
  const listen = (port) =>
    new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server.address().port)))
  const port = await listen(0)
  const way = {
    url: url.replace(to.port, String(port)),
    silence: (value) => {
      silent = value
    },
    /** What is under way arrives when it is over. */
    stall: (value) => {
      stalled = value
      for (const socket of sockets) value ? socket.pause() : socket.resume()
    },
    cut: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(resolve))
    },
    restore: () => listen(port),
  }
  ways.add(way)
  return way
}

async function cutAll() {
  for (const way of ways) await way.cut()
  ways.clear()
}

module.exports = { cutAll, proxy }
