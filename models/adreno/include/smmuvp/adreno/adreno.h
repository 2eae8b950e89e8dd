// adreno as a component: a command processor in the manner of Adreno A6xx. docs/adreno.md is its data sheet.
//
// Parameters  stream_base     StreamID of all accesses to memory
//             stream_count    1: there is one stream
//             smmu_registers  physical address of the SMMU's registers; 0: CP_SMMU_TABLE_UPDATE is refused
//             clock_hz        clock that hangs and polls are counted in
//             bytes_per_us    rate at which data moves, on top of what the bus takes
// Ports       registers  target, 256 KiB
//             dma        initiator, to memory; each access carries an AccessExtension
//             smmu       initiator, to the SMMU's registers
//             irq        level
//             reset      optional; a rising edge resets everything
#pragma once
#include "smmuvp/adreno/adreno_core.h"
#include "smmuvp/tlm/dma_master.h"
#include "smmuvp/tlm/register_device.h"

namespace smmuvp {

/// An access that is on its way when the device is reset still reaches its target; no other of its port
/// follows before that. One that the SMMU stalls waits for as long as it takes.
class Adreno : public CoreDevice<AdrenoCore> {
 public:
  Adreno(const sc_core::sc_module_name& name, const Params& params, Host& host);

  void statistics(StatVisitor& visitor) const override;
  void describe(DtNode& node) const override;

  DmaSocket dma;
  DmaSocket smmu;

 private:
  /// The accesses of one port.
  class Lane : public DmaClient {
   public:
    Lane(const char* name, AdrenoCore::Port port, DmaSocket& socket, Adreno& device)
        : m_device(device), m_port(port), m_master(name, socket, *this) {}
    bool next_operation(DmaOperation& operation, DmaBuffer& data) override;
    std::uint64_t operation_ps(const DmaOperation& operation) const override;
    void operation_done(const DmaOperation& operation, DmaResponse response, const DmaBuffer& data) override;
    DmaMaster& master() { return m_master; }

   private:
    Adreno& m_device;
    const AdrenoCore::Port m_port;
    DmaMaster m_master;
  };

  std::uint64_t read_register(std::uint32_t offset, unsigned bytes) override;
  void write_register(std::uint32_t offset, unsigned bytes, std::uint64_t value) override;
  void reset_registers() override;
  void visit_device(Archive& archive) override;
  void settle() override;
  void time_has_come();
  void now();
  void kick();

  AdrenoCore m_core;
  std::uint64_t m_bytes_per_us;
  Lane m_memory;
  Lane m_smmu;
  sc_core::sc_event m_event;
};

/// Type "adreno".
const ComponentType& adreno_type();

}  // namespace smmuvp
