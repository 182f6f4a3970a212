/** What protects nothing, so that no test has to notice when it is gone. */
export interface Excuse {
  readonly file: string
  /** Of the change as the report shows it, or of a line of the block that is excused as a whole. */
  readonly pattern: RegExp
  /** The innermost block around the line. */
  readonly isBlock?: boolean
  readonly reason: string
}

const HEALTH = "for the container's health check, on its own loopback address"
const DISK = 'for a disk that is full, and for power failures'
const IDLE = 'bounds what an idle connection costs; a test would have to wait for a minute'
const SECOND_LOCK =
  'the suites are those of TLS 1.2 and leave nothing older; for the day when somebody adds one'
const SPEED = 'speed'
const STOP = 'how long a stop may take'

export const EXCUSES: readonly Excuse[] = [
  // -- Apache
  { file: 'httpd.conf', pattern: /^ServerName /, reason: 'what it calls itself in its own messages' },
  { file: 'httpd.conf', pattern: /^GracefulShutdownTimeout /, reason: STOP },
  { file: 'httpd.conf', pattern: /^KeepAliveTimeout |^MaxKeepAliveRequests /, reason: SPEED },
  { file: 'httpd.conf', pattern: /^SSLSessionCacheTimeout /, reason: SPEED },
  { file: 'httpd.conf', pattern: /^SSLProtocol [^[]*$/, reason: SECOND_LOCK },
  { file: 'httpd.conf', pattern: /^Lua(Scope|CodeCache) /, reason: SPEED },
  { file: 'httpd.conf', pattern: /^Listen 127\.0\.0\.1:8081$/, reason: HEALTH },
  {
    file: 'httpd.conf',
    pattern: /^ProxyRequests Off$/,
    reason: 'the default, written because the rest relies on it: its opposite is tried',
  },
  { file: 'ask.lua', pattern: /^connection:settimeout\(CONNECT/, reason: 'how soon it is away' },
  { file: 'ask.lua', pattern: /^connection:close\(\)$/, reason: 'Lua closes it too, later' },
  { file: 'follow.lua', pattern: /socket\.sleep\(PAUSE\) end$/, reason: 'how soon it asks again' },
  { file: 'follow.lua', pattern: /^if not is_kept then/, reason: DISK },
  { file: 'state-file.lua', pattern: /^assert\(unistd\.fsync/, reason: DISK },
  // -- nginx
  { file: 'nginx.conf', pattern: /^worker_processes /, reason: SPEED },
  { file: 'nginx.conf', pattern: /^events \{ …$/, reason: SPEED },
  { file: 'nginx.conf', pattern: /^worker_shutdown_timeout /, reason: STOP },
  { file: 'nginx.conf', pattern: /^(client_body_timeout|send_timeout|keepalive_timeout) /, reason: IDLE },
  { file: 'nginx.conf', pattern: /^(keepalive_requests|ssl_session_timeout) /, reason: SPEED },
  { file: 'nginx.conf', pattern: /^ssl_protocols [^[]*$/, reason: SECOND_LOCK },
  {
    file: 'nginx.conf',
    pattern: /^(client_max_body_size 1m|ignore_invalid_headers on|underscores_in_headers off);$/,
    reason: 'the default, written because the rest relies on it: its opposite is tried',
  },
  {
    file: 'nginx.conf',
    pattern: /^proxy_buffering off;$/,
    reason: 'how much of an answer that is too large is stored before it is thrown away',
  },
  { file: 'strip-and-set.conf', pattern: /^proxy_connect_timeout /, reason: 'how soon 502 is answered' },
  // -- HAProxy
  { file: 'haproxy.cfg', pattern: /^maxconn /, reason: SPEED },
  { file: 'haproxy.cfg', pattern: /^hard-stop-after /, reason: STOP },
  { file: 'haproxy.cfg', pattern: /^tune\.ssl\.lifetime /, reason: SPEED },
  {
    file: 'haproxy.cfg',
    pattern: /^option dontlognull$/,
    reason: 'keeps health checks of others out of the log',
  },
  { file: 'haproxy.cfg', pattern: /^timeout (http-keep-alive|client|server|tunnel) /, reason: IDLE },
  { file: 'haproxy.cfg', pattern: /^timeout connect /, reason: 'how soon 503 is answered' },
  { file: 'haproxy.cfg', pattern: /^http-reuse always$/, reason: SPEED },
  {
    file: 'haproxy.cfg',
    pattern: /^no log$/,
    reason: 'keeps what the container asks by itself out of the log',
  },
]
