// The shell of any device with registers that reads and writes memory by itself.
#pragma once
#include <cstdint>

#include "smmuvp/tlm/dma_master.h"
#include "smmuvp/tlm/register_device.h"

namespace smmuvp {

/// A CoreDevice whose core makes memory operations: next(operation, data) and complete(operation, response,
/// data), as DmaClient has them, beside the calls of CoreDevice. A write to a register makes the core be
/// asked again. An operation takes the time of its bytes at a rate, unless operation_ps() is overridden.
template <class Core>
class DmaDevice : public CoreDevice<Core>, protected DmaClient {
 public:
  DmaSocket dma;

 protected:
  /// @param dma_doc  description of the port "dma"
  DmaDevice(const sc_core::sc_module_name& name, const RegisterDevice::Sheet& sheet, const char* dma_doc,
            std::uint64_t bytes_per_us, const Params& params, Host& host, Core& core)
      : CoreDevice<Core>(name, sheet, params, host, core),
        dma("dma"),
        m_core_of_dma(core),
        m_bytes_per_us(bytes_per_us),
        m_master("dma_master", dma, *this) {
    this->add_port({"dma", &dma, dma_doc});
  }

  void write_register(std::uint32_t offset, unsigned bytes, std::uint64_t value) override {
    CoreDevice<Core>::write_register(offset, bytes, value);
    m_master.kick();
  }
  void visit_device(Archive& archive) override {
    CoreDevice<Core>::visit_device(archive);
    m_master.visit(archive);
  }
  bool next_operation(DmaOperation& operation, DmaBuffer& data) override {
    if (m_core_of_dma.next(operation, data)) return true;
    this->settle();
    return false;
  }
  std::uint64_t operation_ps(const DmaOperation& operation) const override {
    return transfer_ps(operation.length, m_bytes_per_us);
  }
  void operation_done(const DmaOperation& operation, DmaResponse response, const DmaBuffer& data) override {
    complete_operation(operation, response, data);
    this->settle();
  }
  /// For traces, which come before that of the interrupt line.
  virtual void complete_operation(const DmaOperation& operation, DmaResponse response,
                                  const DmaBuffer& data) {
    m_core_of_dma.complete(operation, response, data);
  }

 private:
  Core& m_core_of_dma;
  std::uint64_t m_bytes_per_us;
  DmaMaster m_master;
};

}  // namespace smmuvp
