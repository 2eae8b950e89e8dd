// The commands of the GDB remote serial protocol for processors that stand still. Text in, text out: knows no
// socket.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smmuvp/tlm/debug_control.h"

namespace smmuvp::platform {

class GdbStub {
 public:
  /// What the packet asks of the run, after its answer has been sent.
  enum class Action { Stay, Resume, Detach, Kill };
  struct Answer {
    Action action = Action::Stay;
    bool send = true;  ///< `text` is an answer, perhaps an empty one, which means "not supported"
    std::string text = {};
    bool no_acks = false;                  ///< after this answer, neither side acknowledges packets
    std::vector<std::string> before = {};  ///< packets that come before it: console output ('O')
  };

  /// @param cpus  name and processor; thread N of GDB is the Nth one. Not empty.
  explicit GdbStub(std::vector<std::pair<std::string, DebugControl*>> cpus) : m_cpus(std::move(cpus)) {}

  /// Who answers `monitor smmu WORDS`.
  void set_smmu(std::function<std::string(const std::string& words)> smmu) { m_smmu = std::move(smmu); }
  /// `cpu` stopped: it is the current thread from now on.
  void stopped(const DebugControl& cpu, DebugClient::Reason reason);
  /// The stop reply packet for the last stop.
  std::string stop_reply() const;
  /// One packet. Nothing that it may hold does harm; what makes no sense is answered with an error.
  Answer handle(std::string_view packet);
  /// The client is gone: takes its breakpoints away.
  void release();

 private:
  using Result = std::string;

  DebugControl& selected() const { return *m_cpus[m_selected].second; }
  DebugControl& stopped_cpu() const { return *m_cpus[m_stopped].second; }
  bool take_thread(std::string_view text, std::size_t& index) const;
  Answer resume(std::string_view address, bool step);
  Answer v_packet(std::string_view packet);
  Answer v_cont(std::string_view actions);
  Result query(std::string_view packet) const;
  Result features(std::string_view annex_and_range) const;
  Answer monitor(std::string_view hex) const;
  Result select(std::string_view packet);
  Result read_registers() const;
  Result write_registers(std::string_view hex);
  Result read_register(std::string_view number) const;
  Result write_register(std::string_view assignment);
  Result read_memory(std::string_view range) const;
  Result write_memory(std::string_view range_and_data, bool binary);
  Result breakpoint(std::string_view packet);

  std::vector<std::pair<std::string, DebugControl*>> m_cpus;
  std::function<std::string(const std::string&)> m_smmu;
  std::size_t m_stopped = 0;   // who stopped last
  std::size_t m_selected = 0;  // whose registers g, p and m are about
  DebugClient::Reason m_reason = DebugClient::Reason::Break;
  std::set<std::pair<char, std::uint64_t>> m_breakpoints;  // type '0' or '1', and address
};

}  // namespace smmuvp::platform
