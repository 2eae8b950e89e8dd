#include "gdb_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <systemc>

#include "smmuvp/base/error.h"

namespace smmuvp::platform {

namespace {

// A client asks one thing at a time. One that sends many packets in advance waits until there is room.
constexpr std::size_t most_packets = 16;
// Stands in the queue of packets for an interrupt; no packet that a debugger sends is this one.
constexpr const char* interrupt = "\x03";

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw ConfigError("gdb", fmt::format("--gdb {}: {}", where, why));
}

bool is_socket(const std::string& path) {
  struct stat status = {};
  return lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

bool somebody_listens(const sockaddr_un& address) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return true;
  const bool refused =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 && errno == ECONNREFUSED;
  close(fd);
  return !refused;
}

}  // namespace

GdbServer::GdbServer(const std::string& where, bool wait,
                     std::vector<std::pair<std::string, DebugControl*>> cpus, Surroundings surroundings)
    : m_surroundings(std::move(surroundings)), m_cpus(std::move(cpus)), m_stub(m_cpus), m_waiting(wait) {
  m_stub.set_smmu(m_surroundings.smmu);
  if (m_cpus.empty()) refuse(where, "there is no processor that a debugger can hold");
  constexpr const char* prefix = "unix:";
  if (where.compare(0, std::strlen(prefix), prefix) == 0) {
    listen_unix(where.substr(std::strlen(prefix)));
  } else {
    listen_port(where);
  }
  for (const auto& cpu : m_cpus) cpu.second->set_debug_client(this);
  if (m_waiting) m_cpus.front().second->request_break();
}

GdbServer::~GdbServer() {
  if (m_client >= 0) close(m_client);
  if (m_listener >= 0) close(m_listener);
  if (!m_path.empty()) unlink(m_path.c_str());
}

void GdbServer::listen_port(const std::string& text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size())
    refuse(text, "expected a port number up to 65535, or unix:PATH");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  m_listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  if (m_listener >= 0) setsockopt(m_listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (m_listener < 0 || bind(m_listener, generic, length) != 0 || listen(m_listener, 1) != 0 ||
      getsockname(m_listener, generic, &length) != 0) {
    const std::string why = std::strerror(errno);
    if (m_listener >= 0) close(m_listener);
    refuse(text, why);
  }
  m_surroundings.say(
      fmt::format("waiting for gdb at 127.0.0.1:{0} (target remote 127.0.0.1:{0})", ntohs(address.sin_port)));
}

void GdbServer::listen_unix(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path)
    refuse("unix:" + path, fmt::format("a path of 1 to {} bytes is expected", sizeof address.sun_path - 1));
  std::memcpy(address.sun_path, path.data(), path.size());
  m_listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const auto bind_it = [&] {
    return bind(m_listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  };
  bool bound = m_listener >= 0 && bind_it();
  std::string why = std::strerror(errno);
  if (!bound && m_listener >= 0 && errno == EADDRINUSE) {
    if (!is_socket(path)) {
      why = "there is a file of this name, which is no socket";
    } else if (somebody_listens(address)) {
      why = "another program listens there";
    } else {
      // A program that was killed could not remove it.
      bound = unlink(path.c_str()) == 0 && bind_it();
      why = fmt::format("a socket file is left over there and cannot be removed: {}", std::strerror(errno));
    }
  }
  if (!bound) {
    if (m_listener >= 0) close(m_listener);
    refuse("unix:" + path, why);
  }
  m_path = path;
  if (listen(m_listener, 1) != 0) {
    const std::string why = std::strerror(errno);
    close(m_listener);
    unlink(path.c_str());
    refuse("unix:" + path, why);
  }
  m_surroundings.say(fmt::format("waiting for gdb at {0} (target remote {0})", path));
}

// ---- Connection

void GdbServer::accept_client() {
  const int fd = accept4(m_listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  if (m_client >= 0) {
    close(fd);
    return;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails harmlessly on a Unix socket
  m_client = fd;
  m_reader.reset();
  m_input.clear();
  m_input_at = 0;
  m_packets.clear();
  m_last_sent.clear();
  m_acks = true;
  m_owes_stop = false;
  m_surroundings.say("gdb connected");
  // A debugger expects a target that stands still.
  if (!m_stopped) m_cpus.front().second->request_break();
}

void GdbServer::drop_client(const char* why) {
  if (m_client < 0) return;
  close(m_client);
  m_client = -1;
  m_packets.clear();
  m_stub.release();
  m_owes_stop = false;
  m_surroundings.say(fmt::format("gdb {}; the guest goes on", why));
}

void GdbServer::send_bytes(const std::string& bytes) {
  std::size_t done = 0;
  while (m_client >= 0 && done < bytes.size()) {
    const ssize_t n = send(m_client, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (n > 0) {
      done += static_cast<std::size_t>(n);
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      pollfd ready{m_client, POLLOUT, 0};
      if (::poll(&ready, 1, m_surroundings.send_timeout_ms) > 0) continue;
    }
    drop_client("takes no more");
  }
}

void GdbServer::send_packet(const std::string& payload) {
  m_last_sent = gdb_frame(payload);
  send_bytes(m_last_sent);
}

// A client that is not read from may still be seen to go.
short GdbServer::events_of_interest() const { return m_packets.size() < most_packets ? POLLIN : POLLRDHUP; }

void GdbServer::receive() {
  if (m_packets.size() >= most_packets) {
    drop_client("has gone");
    return;
  }
  char buffer[4096];
  const ssize_t n = recv(m_client, buffer, sizeof buffer, 0);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
  if (n <= 0) {
    drop_client("has gone");
    return;
  }
  m_input.assign(buffer, static_cast<std::size_t>(n));
  m_input_at = 0;
  take_input();
}

// As much as there is room for. A byte that is taken makes one packet at most.
void GdbServer::take_input() {
  while (m_client >= 0 && m_input_at < m_input.size() && m_packets.size() < most_packets)
    take(static_cast<std::uint8_t>(m_input[m_input_at++]));
}

void GdbServer::take(std::uint8_t byte) {
  switch (m_reader.take(byte)) {
    case GdbPacketReader::Event::Nothing:
      return;
    case GdbPacketReader::Event::Packet:
      if (m_acks) send_bytes("+");
      if (m_client >= 0) m_packets.push_back(m_reader.payload());
      return;
    case GdbPacketReader::Event::Damaged:
      if (m_acks) send_bytes("-");
      return;
    case GdbPacketReader::Event::Nack:
      if (m_acks && !m_last_sent.empty()) send_bytes(m_last_sent);
      return;
    case GdbPacketReader::Event::Interrupt:
      if (!m_stopped) m_cpus.front().second->request_break();
      // Behind a packet that lets the processor go, it is meant for the time after that.
      if (m_stopped || !m_packets.empty()) m_packets.push_back(interrupt);
      return;
  }
}

// ---- While the guest runs

void GdbServer::poll() {
  pollfd listener{m_listener, POLLIN, 0};
  if (::poll(&listener, 1, 0) > 0) accept_client();
  if (m_client < 0) return;
  pollfd client{m_client, events_of_interest(), 0};
  if (::poll(&client, 1, 0) > 0) receive();
}

bool GdbServer::wait_for_client() {
  if (m_client < 0) return false;
  pollfd fds[2] = {{m_listener, POLLIN, 0}, {m_client, events_of_interest(), 0}};
  ::poll(fds, 2, 1000);
  return true;
}

void GdbServer::finished(int exit_code) {
  if (m_client < 0) return;
  if (m_owes_stop) send_packet(fmt::format("W{:02x}", exit_code & 0xff));
  close(m_client);
  m_client = -1;
}

// ---- While the guest stands still

void GdbServer::end_run() {
  m_killed = true;
  m_going_on = true;
  m_stub.release();
  sc_core::sc_pause();
}

// False: the user wants the run to end.
bool GdbServer::wait_for_input(bool for_client) {
  if (m_surroundings.stop_requested()) return false;
  pollfd fds[2] = {{m_listener, POLLIN, 0}, {m_client, events_of_interest(), 0}};
  // A signal that comes between the look above and the wait below is seen after a second.
  const int n = ::poll(fds, for_client ? 1 : 2, 1000);
  if (n > 0 && fds[0].revents != 0) accept_client();
  if (n > 0 && !for_client && fds[1].revents != 0 && m_client >= 0) receive();
  return !m_surroundings.stop_requested();
}

void GdbServer::answer(const std::string& packet) {
  const GdbStub::Answer answer = m_stub.handle(packet);
  for (const std::string& packet_before : answer.before) send_packet(packet_before);
  if (answer.send) send_packet(answer.text);
  if (answer.no_acks) m_acks = false;
  switch (answer.action) {
    case GdbStub::Action::Stay:
      break;
    case GdbStub::Action::Resume:
      m_going_on = true;
      m_owes_stop = true;
      break;
    case GdbStub::Action::Detach:
      drop_client("has detached");
      break;
    case GdbStub::Action::Kill:
      end_run();
      break;
  }
}

void GdbServer::stopped(DebugControl& cpu, Reason reason) {
  if (m_client < 0 && !m_waiting) return;
  m_stub.stopped(cpu, reason);
  m_surroundings.before_waiting();
  m_stopped = true;
  m_going_on = false;
  if (m_owes_stop) send_packet(m_stub.stop_reply());
  m_owes_stop = false;
  bool wanted = true;
  while (wanted && m_waiting && m_client < 0) wanted = wait_for_input(true);
  m_waiting = false;
  while (wanted && m_client >= 0 && !m_going_on) {
    if (m_packets.empty()) {
      wanted = wait_for_input(false);
      continue;
    }
    const std::string packet = m_packets.front();
    m_packets.pop_front();
    take_input();
    if (m_client >= 0 && packet != interrupt) answer(packet);
  }
  if (m_going_on && std::find(m_packets.begin(), m_packets.end(), interrupt) != m_packets.end())
    cpu.request_break();
  if (!wanted) end_run();
  m_stopped = false;
}

}  // namespace smmuvp::platform
