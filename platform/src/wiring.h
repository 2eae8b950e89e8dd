// Binds the ports of a platform's components to each other.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "system.h"

namespace smmuvp::platform {

/// Used once, by System. Every refusal is a ConfigError with the place of the mistake.
class Wiring {
 public:
  explicit Wiring(System& system) : m_system(system) {}
  void wire();

 private:
  using Signal = sc_core::sc_signal<bool, sc_core::SC_UNCHECKED_WRITERS>;

  void find_interrupt_controller();
  Instance& bus_of(const Instance& instance, const Place& place);
  void map_targets(Instance& instance);
  void check_base(const Instance& instance, const Port& port, const Window& window) const;
  void attach_memory(Instance& instance);
  void put_behind_smmu(Instance& instance);
  void check_identity(const Instance& instance) const;
  void check_streams(const Instance& device, const Instance& smmu) const;
  void attach_initiators(Instance& instance);
  void connect_interrupts(Instance& instance);
  void check_interrupts(const Instance& instance);
  std::string interrupt_port(const Instance& instance, const Interrupt& interrupt) const;
  void connect_messages(const Instance& from, const Port& out, const Instance& to, const Wire& wire);
  void connect_wires(Instance& instance);
  void check_messages(const Instance& device);
  void connect_line(const Instance& from, const Port& out, const Port& in, const Place& place,
                    const std::string& as);
  void close_open_ports(Instance& instance);

  /// The named port of one kind. @throws ConfigError with the nearest known name
  template <class Object>
  const Port& need_port(const Instance& instance, const std::string& name, const Place& place,
                        const char* kind) const;
  /// The only port of a kind.
  template <class Object>
  const Port& only_port(const Instance& instance, const Place& place, const char* kind) const;
  Signal& signal_of(const Instance& instance, const Port& out);

  struct Mapped {
    const Instance* instance;
    Window window;
  };

  System& m_system;
  std::map<std::string, std::vector<Mapped>> m_maps;  // bus name -> what is there
  std::map<const Port*, Signal*> m_signals;           // looked up only, never iterated
  std::map<const Port*, std::string> m_bound;         // looked up only: port -> to what
};

}  // namespace smmuvp::platform
