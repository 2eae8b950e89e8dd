// An SMMUv2 in somebody else's SystemC program: a stream is matched, its context bank translates by stage 1,
// and a page that is not mapped is a context fault with an interrupt. Every offset and bit is from IHI 0062
// and DDI 0487; nothing but the installed headers is used.
#include <smmuvp/smmuv2/smmuv2.h>
#include <smmuvp/tlm/access_extension.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <systemc>
#include <vector>

namespace {

constexpr std::uint32_t stream = 9;
constexpr std::uint64_t iova = 0x5000;  // the page behind it is not mapped

/// 16 MiB of memory, for the data and for the tables.
struct Memory : sc_core::sc_module {
  tlm_utils::simple_target_socket<Memory, 64> walks{"walks"};
  tlm_utils::simple_target_socket<Memory, 64> data{"data"};
  std::vector<unsigned char> bytes = std::vector<unsigned char>(16U << 20);

  explicit Memory(const sc_core::sc_module_name& name) : sc_module(name) {
    walks.register_b_transport(this, &Memory::transport);
    data.register_b_transport(this, &Memory::transport);
  }
  void transport(tlm::tlm_generic_payload& p, sc_core::sc_time&) {
    if (p.get_address() > bytes.size() || p.get_data_length() > bytes.size() - p.get_address()) {
      p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
      return;
    }
    unsigned char* at = bytes.data() + p.get_address();
    if (p.is_read()) std::memcpy(p.get_data_ptr(), at, p.get_data_length());
    if (p.is_write()) std::memcpy(at, p.get_data_ptr(), p.get_data_length());
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  void put64(std::uint64_t address, std::uint64_t value) { std::memcpy(bytes.data() + address, &value, 8); }
  std::uint64_t get64(std::uint64_t address) const {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + address, 8);
    return value;
  }
};

/// The driver and the device in one.
struct Master : sc_core::sc_module {
  tlm_utils::simple_initiator_socket<Master, 64> registers{"registers"};
  tlm_utils::simple_initiator_socket<Master, 64> dma{"dma"};
  sc_core::sc_in<bool> context_irq{"context_irq"};
  Memory& memory;
  bool passed = false;

  SC_HAS_PROCESS(Master);
  Master(const sc_core::sc_module_name& name, Memory& m) : sc_module(name), memory(m) { SC_THREAD(run); }

  template <class Socket>
  bool access(Socket& socket, bool write, std::uint64_t address, void* data, unsigned length) {
    smmuvp::AccessExtension who;
    who.stream_id = stream;
    who.stream_valid = true;
    tlm::tlm_generic_payload p;
    p.set_extension(&who);
    p.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    p.set_address(address);
    p.set_data_ptr(static_cast<unsigned char*>(data));
    p.set_data_length(length);
    p.set_streaming_width(length);
    sc_core::sc_time delay;
    socket->b_transport(p, delay);
    p.clear_extension(&who);
    wait(delay);
    return p.get_response_status() == tlm::TLM_OK_RESPONSE;
  }
  void write32(std::uint64_t offset, std::uint32_t value) { access(registers, true, offset, &value, 4); }
  void write64(std::uint64_t offset, std::uint64_t value) { access(registers, true, offset, &value, 8); }
  std::uint32_t read32(std::uint64_t offset) {
    std::uint32_t value = 0;
    access(registers, false, offset, &value, 4);
    return value;
  }

  void run() {
    constexpr std::uint64_t tables = 0x50000, page = 0x123000;
    memory.put64(tables, (tables + 0x1000) | 3);  // levels 1 and 2
    memory.put64(tables + 0x1000, (tables + 0x2000) | 3);
    memory.put64(tables + 0x2000 + (iova >> 12) * 8, page | 0x443);  // AF, AP[1], page

    // IDR1: pages of 4 or 64 KiB, NUMPAGE of them in either half of the address space (8.1).
    const std::uint32_t IDR1 = read32(0x24);
    const std::uint64_t size = (IDR1 >> 31) != 0 ? 0x10000 : 0x1000;
    const std::uint64_t bank0 = size << ((IDR1 >> 28 & 7) + 1);
    write32(size + 0x800, 1);                         // SMMU_CBA2R0: VA64
    write32(size, 1 << 16);                           // SMMU_CBAR0: stage 1, no stage 2
    write32(bank0 + 0x10, 5);                         // SMMU_CB0_TCR2: PASize 48 bits
    write32(bank0 + 0x30, 32 | 1U << 23 | 2U << 30);  // SMMU_CB0_TCR: T0SZ 32, EPD1, 4 KiB
    write64(bank0 + 0x20, tables);                    // SMMU_CB0_TTBR0
    write32(bank0 + 0x38, 0xff);                      // SMMU_CB0_MAIR0: Normal, Write-Back
    write32(bank0, 1 | 1 << 1 | 1 << 2 | 3 << 5);     // SMMU_CB0_SCTLR: M, TRE, AFE, CFRE, CFIE
    write32(0xc00, 0);                                // SMMU_S2CR0: translate, by bank 0
    write32(0x800, 1U << 31 | stream);                // SMMU_SMR0: VALID, ID
    write32(0, 1 << 1 | 1 << 10);                     // SMMU_sCR0: CLIENTPD 0, GFRE, USFCFG

    std::uint64_t value = 0x1122334455667788;
    const bool written = access(dma, true, iova + 0x18, &value, 8) && memory.get64(page + 0x18) == value;
    std::printf("write to IOVA 0x%llx: %s\n", static_cast<unsigned long long>(iova + 0x18),
                written ? "arrived" : "lost");

    const bool refused = !access(dma, false, iova + 0x1000, &value, 8);
    wait(sc_core::SC_ZERO_TIME);
    const std::uint32_t FSR = read32(bank0 + 0x58), FAR = read32(bank0 + 0x60);
    const bool raised = context_irq.read();
    std::printf("read of IOVA 0x%llx: %s; SMMU_CB0_FSR 0x%08x, FAR 0x%x, interrupt %s\n",
                static_cast<unsigned long long>(iova + 0x1000), refused ? "refused" : "OK", FSR, FAR,
                raised ? "high" : "low");
    write32(bank0 + 0x58, FSR);  // TF and what else is set falls
    wait(1, sc_core::SC_US);
    passed = written && refused && (FSR & 2) != 0 && FAR == iova + 0x1000 && raised && !context_irq.read();
    sc_core::sc_stop();
  }
};

}  // namespace

int sc_main(int, char**) {
  // docs/embedding.md shows these lines.
  smmuvp::Params params = smmuvp::SmmuV2<64>::default_params("smmu");
  params.set("NUMCB", 8);
  params.set("NUMS2CB", 0);
  smmuvp::SmmuV2<64> smmu("smmu", params);

  Memory memory("memory");
  Master master("master", memory);
  sc_core::sc_signal<bool> context_irq;
  master.registers.bind(smmu.registers);
  master.dma.bind(smmu.tbu_in[0]);
  smmu.tbu_out[0].bind(memory.data);
  smmu.walk.bind(memory.walks);
  smmu.context_irq[0].bind(context_irq);  // others are tied off
  master.context_irq.bind(context_irq);
  sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_MS));

  std::puts(master.passed ? "passed" : "FAILED");
  return master.passed ? 0 : 1;
}
