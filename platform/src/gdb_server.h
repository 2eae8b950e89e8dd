// The debugger's connection: a socket of this machine, at most one client, and the processors that stand
// still while it looks at them.
#pragma once
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gdb_packet.h"
#include "gdb_stub.h"
#include "smmuvp/tlm/debug_control.h"

namespace smmuvp::platform {

/// Simulated time does not pass, and no process runs, while a client holds a processor. A client that
/// vanishes leaves the guest running; whatever it sends, the run goes on. Another client is turned away while
/// there is one. No more is read than is answered, but for 16 packets and 4 KiB.
class GdbServer : public DebugClient {
 public:
  struct Surroundings {
    std::function<bool()> stop_requested;         ///< the user wants the run to end (Ctrl-C at the terminal)
    std::function<void()> before_waiting;         ///< shows what the guest has said so far
    std::function<void(const std::string&)> say;  ///< messages for the user
    /// Answers `monitor smmu`; empty: there is no such command.
    std::function<std::string(const std::string&)> smmu = {};
    int send_timeout_ms = 5000;  ///< a client that takes no answer for so long is given up
  };

  /// Listens. @param where  a port (0: any) of 127.0.0.1, or "unix:PATH". A socket file that an ended program
  /// has left there is replaced; the file is removed with the object.
  /// @param wait  hold the first processor before its first instruction until a client lets it go.
  /// @throws ConfigError if `where` makes no sense or cannot be had, or if `cpus` is empty.
  GdbServer(const std::string& where, bool wait, std::vector<std::pair<std::string, DebugControl*>> cpus,
            Surroundings surroundings);
  ~GdbServer() override;
  GdbServer(const GdbServer&) = delete;
  GdbServer& operator=(const GdbServer&) = delete;

  /// Looks for a client, an interrupt and the end of a connection. Between two sc_start(); never waits.
  void poll();
  /// For a guest that nothing will ever wake: waits a while for the client to do something. False if there is
  /// no client.
  bool wait_for_client();
  /// The client asked for the end of the run.
  bool killed() const { return m_killed; }
  /// Tells the client how the run ended.
  void finished(int exit_code);

  void stopped(DebugControl& cpu, Reason reason) override;

 private:
  void listen_port(const std::string& text);
  void listen_unix(const std::string& path);
  void accept_client();
  void drop_client(const char* why);
  bool wait_for_input(bool for_client);
  void receive();
  void take_input();
  void take(std::uint8_t byte);
  short events_of_interest() const;
  void answer(const std::string& packet);
  void send_packet(const std::string& payload);
  void send_bytes(const std::string& bytes);
  void end_run();

  Surroundings m_surroundings;
  std::vector<std::pair<std::string, DebugControl*>> m_cpus;
  GdbStub m_stub;
  GdbPacketReader m_reader;
  std::string m_input;         // received
  std::size_t m_input_at = 0;  // how much of it has been taken
  std::string m_path;          // of the socket's file, to be removed
  int m_listener = -1;
  int m_client = -1;
  bool m_waiting;  // for the first client, before the first instruction
  bool m_acks = true;
  bool m_stopped = false;    // inside stopped()
  bool m_going_on = false;   // the client has let the processor go
  bool m_owes_stop = false;  // the client waits for a stop reply
  bool m_killed = false;
  std::deque<std::string> m_packets;  // not yet answered
  std::string m_last_sent;
};

}  // namespace smmuvp::platform
