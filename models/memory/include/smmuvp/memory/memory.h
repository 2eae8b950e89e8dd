// Memory: one buffer that processors and models share by pointer.
//
// Parameters  size        bytes, a multiple of 4 KiB, up to 64 GiB; pages cost host memory once touched
//             latency_ps  of each access, also told in DMI grants
// Port        socket      target; addresses from 0
#pragma once
#include <cstdint>
#include <vector>

#include <tlm_utils/simple_target_socket.h>
#include "smmuvp/base/trace.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/memory_control.h"
#include "smmuvp/tlm/register_access.h"

namespace smmuvp {

/// Answers reads and writes with byte enables and streaming width (IEEE 1666 14.17), debug accesses, DMI for
/// read and write, and CompareSwapExtension on naturally aligned 4 and 8 bytes.
/// Errors: address error if any byte is outside; burst error for length 0, streaming width 0 or a
/// compare-and-swap of another shape; byte enable error for an empty enable array or enables on a
/// compare-and-swap.
class Memory : public Component, public MemoryControl {
 public:
  Memory(const sc_core::sc_module_name& name, const Params& params, Host& host);
  ~Memory() override;

  const std::vector<Port>& ports() const override { return m_ports; }
  void visit(Archive& archive) override;
  void statistics(StatVisitor& visitor) const override;

  std::uint8_t* data() override { return m_data; }
  std::uint64_t size() const override { return m_size; }
  void set_base(std::uint64_t base) override { m_base = base; }
  void add_write_listener(MemoryWriteListener* listener) override { m_listeners.push_back(listener); }

  tlm_utils::simple_target_socket<Memory, platform_buswidth> socket;

 private:
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);
  tlm::tlm_response_status access(tlm::tlm_generic_payload& payload);
  tlm::tlm_response_status compare_swap(tlm::tlm_generic_payload& payload, CompareSwapExtension& cas);
  void notify_written(std::uint64_t offset, std::uint64_t length);
  std::vector<std::uint64_t> pages_in_use() const;

  std::uint64_t m_size;
  std::uint64_t m_base = 0;
  std::uint8_t* m_data;
  sc_core::sc_time m_latency;
  std::vector<MemoryWriteListener*> m_listeners;
  Tracer m_tracer;
  std::vector<Port> m_ports;

  std::uint64_t m_reads = 0;
  std::uint64_t m_writes = 0;
  std::uint64_t m_read_bytes = 0;
  std::uint64_t m_write_bytes = 0;
  std::uint64_t m_compare_swaps = 0;
  std::uint64_t m_errors = 0;
};

/// Type "memory".
const ComponentType& memory_type();

}  // namespace smmuvp
