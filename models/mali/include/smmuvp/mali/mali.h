// A Mali GPU's control, job manager and MMU as a component. docs/mali.md is its data sheet.
//
// Parameters  gpu_id          register GPU_ID
//             slots           job slots
//             address_spaces  of the MMU
//             shader_cores    that are present; none executes anything
//             tlb_entries     of each address space
//             clock_hz        of the cycle counter
//             timestamp_hz    of the system timestamp
//             reset_ns, power_ns, mmu_command_ns, job_ns
//                             time of a reset, a power transition, a command of AS_COMMAND, a job
//             bytes_per_us    rate at which data moves, on top of what the bus takes
//             coherent        the device tree says dma-coherent
//             stream_base     StreamID of all accesses
//             stream_count    1: there is one stream
// Ports       registers       target, 16 KiB
//             dma             initiator: tables, jobs and data; each access carries an AccessExtension
//             job, mmu, gpu   interrupts, level
//             reset           optional; a rising edge resets everything
#pragma once
#include <tlm_utils/simple_target_socket.h>

#include <array>
#include <cstdint>
#include <vector>

#include "smmuvp/base/diag.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/mali/mali_core.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/dma_master.h"
#include "smmuvp/tlm/line_driver.h"

namespace smmuvp {

/// One access is under way at a time, whichever slot makes it. One that is on its way when its slot is
/// stopped or the GPU is reset still reaches its target.
class Mali : public Component, private DmaClient {
 public:
  Mali(const sc_core::sc_module_name& name, const Params& params, Host& host);

  const std::vector<Port>& ports() const override { return m_ports; }
  void visit(Archive& archive) override;
  void statistics(StatVisitor& visitor) const override;
  void reset_statistics() override;
  void describe(DtNode& node) const override;

  tlm_utils::simple_target_socket<Mali, platform_buswidth> registers;
  DmaSocket dma;
  LineOut job;
  LineOut mmu;
  LineOut gpu;
  LineIn reset;

 private:
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);
  void reset_rises();
  void event();
  void settle();
  void trace_since(const MaliCore::Counters& before);

  bool next_operation(DmaOperation& operation, DmaBuffer& data) override;
  std::uint64_t operation_ps(const DmaOperation& operation) const override;
  void operation_done(const DmaOperation& operation, DmaResponse response, const DmaBuffer& data) override;

  Diag m_diag;
  Tracer m_tracer;
  MaliCore m_core;
  std::uint64_t m_bytes_per_us;
  std::uint64_t m_job_ps;
  bool m_coherent;
  DmaMaster m_master;
  std::array<LineDriver, 3> m_lines;  // by MaliCore::Line
  std::array<std::uint64_t, 3> m_interrupts{};
  std::vector<Port> m_ports;
  sc_core::sc_event m_event;
};

/// Type "mali".
const ComponentType& mali_type();

}  // namespace smmuvp
