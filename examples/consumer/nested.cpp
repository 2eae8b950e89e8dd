// Two stages of translation in somebody else's SystemC program: a guest's tables lie in memory that a
// hypervisor has given it, at addresses that stage 2 translates. Every address and encoding is from IHI 0070
// and DDI 0487; nothing but the installed headers is used.
#include <smmuvp/smmuv3/smmuv3.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <systemc>
#include <utility>
#include <vector>

namespace {

constexpr std::uint64_t iova = 0x5000;  // of the device's buffer, whose next page is mapped by stage 1 alone

/// 16 MiB of memory, for the data and for what the SMMU reads itself.
struct Memory : sc_core::sc_module {
  tlm_utils::simple_target_socket<Memory, 64> walks{"walks"};
  tlm_utils::simple_target_socket<Memory, 64> data{"data"};
  std::vector<unsigned char> bytes = std::vector<unsigned char>(16U << 20);

  explicit Memory(const sc_core::sc_module_name& name) : sc_module(name) {
    walks.register_b_transport(this, &Memory::transport);
    walks.register_transport_dbg(this, &Memory::debug);  // explain() reads by it
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
  unsigned debug(tlm::tlm_generic_payload& p) {
    sc_core::sc_time none;
    transport(p, none);
    return p.is_response_ok() ? p.get_data_length() : 0;
  }
  void put64(std::uint64_t address, std::uint64_t value) { std::memcpy(bytes.data() + address, &value, 8); }
  std::uint64_t get64(std::uint64_t address) const {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + address, 8);
    return value;
  }
};

struct Master : sc_core::sc_module {
  tlm_utils::simple_initiator_socket<Master, 64> registers{"registers"};
  tlm_utils::simple_initiator_socket<Master, 64> dma{"dma"};
  Memory& memory;
  bool passed = false;

  SC_HAS_PROCESS(Master);
  Master(const sc_core::sc_module_name& name, Memory& m) : sc_module(name), memory(m) { SC_THREAD(run); }

  template <class Socket>
  bool access(Socket& socket, bool write, std::uint64_t address, void* data, unsigned length) {
    tlm::tlm_generic_payload p;
    p.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    p.set_address(address);
    p.set_data_ptr(static_cast<unsigned char*>(data));
    p.set_data_length(length);
    p.set_streaming_width(length);
    sc_core::sc_time delay;
    socket->b_transport(p, delay);
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
    constexpr std::uint64_t stream_table = 0x10000, events = 0x38000;
    constexpr std::uint64_t stage2 = 0x50000, guest = 0x60000, page = 0x123000;
    // What the guest believes: its memory begins at 0x40000000. Its CD and tables are the first four pages.
    constexpr std::uint64_t guest_ipa = 0x40000000, buffer_ipa = 0x40010000;

    // Stage 2, 4 KiB granule, 32-bit IPAs from level 1: Normal write-back, read and write, AF.
    memory.put64(stage2 + (guest_ipa >> 30) * 8, (stage2 + 0x1000) | 3);
    memory.put64(stage2 + 0x1000, (stage2 + 0x2000) | 3);
    for (std::uint64_t i = 0; i < 4; ++i) memory.put64(stage2 + 0x2000 + i * 8, (guest + i * 0x1000) | 0x7ff);
    memory.put64(stage2 + 0x2000 + ((buffer_ipa >> 12) & 511) * 8, page | 0x7ff);
    // Stage 1, in the guest's addresses: AF, AP[1], page.
    memory.put64(guest + 0x1000, (guest_ipa + 0x2000) | 3);
    memory.put64(guest + 0x2000, (guest_ipa + 0x3000) | 3);
    memory.put64(guest + 0x3000 + (iova >> 12) * 8, buffer_ipa | 0x443);
    memory.put64(guest + 0x3000 + ((iova >> 12) + 1) * 8, (buffer_ipa + 0x1000) | 0x443);
    // CD: T0SZ 32, EPD1, V, IPS 40 bits, AA64, R and A, ASID 1; TTB0; MAIR.
    memory.put64(guest, 32 | 1ULL << 30 | 1ULL << 31 | 2ULL << 32 | 1ULL << 41 | 3ULL << 45 | 1ULL << 48);
    memory.put64(guest + 8, guest_ipa + 0x1000);
    memory.put64(guest + 24, 0xff);
    // STE of stream 0: V, Config both stages, S1ContextPtr; S2VMID 1, S2T0SZ 32, S2SL0 level 1, S2PS 44 bits,
    // S2AA64, S2R; S2TTB.
    memory.put64(stream_table, 1 | 7 << 1 | guest_ipa);
    memory.put64(stream_table + 16, 1 | 32ULL << 32 | 1ULL << 38 | 4ULL << 48 | 1ULL << 51 | 1ULL << 58);
    memory.put64(stream_table + 24, stage2);

    write64(0x80, stream_table);  // SMMU_STRTAB_BASE
    write32(0x88, 4);             // SMMU_STRTAB_BASE_CFG: linear, 16 streams
    write64(0xa0, events | 4);    // SMMU_EVENTQ_BASE: 16 events
    write32(0x20, 1 << 2 | 1);    // SMMU_CR0: EVENTQEN, SMMUEN
    while ((read32(0x24) & 1) == 0) wait(1, sc_core::SC_US);

    std::uint64_t value = 0x1122334455667788;
    const bool written = access(dma, true, iova + 0x18, &value, 8) && memory.get64(page + 0x18) == value;
    std::printf("write to IOVA 0x%llx by both stages: %s\n", static_cast<unsigned long long>(iova + 0x18),
                written ? "arrived" : "lost");

    const bool refused = !access(dma, false, iova + 0x1000, &value, 8);
    while ((read32(0x100a8) & 0x1f) == 0) wait(1, sc_core::SC_US);  // SMMU_EVENTQ_PROD
    const std::uint64_t event = memory.get64(events), ipa = memory.get64(events + 24);
    const bool stage2_fault = (memory.get64(events + 8) >> 39 & 1) != 0;
    std::printf("read of IOVA 0x%llx: %s; event 0x%02llx of stage %d, IPA 0x%llx\n",
                static_cast<unsigned long long>(iova + 0x1000), refused ? "refused" : "OK",
                static_cast<unsigned long long>(event & 0xff), stage2_fault ? 2 : 1,
                static_cast<unsigned long long>(ipa));
    passed = written && refused && (event & 0xff) == 0x10 && stage2_fault && ipa == buffer_ipa + 0x1000;
    sc_core::sc_stop();
  }
};

/// Prints what is not 0 of an SMMU, and of each of its TBUs and streams.
class Counters : public smmuvp::StatVisitor {
 public:
  explicit Counters(std::string of) : m_of(std::move(of)) {}
  void stat(std::string_view name, std::uint64_t value, std::string_view, std::string_view) override {
    if (value == 0) return;
    std::printf("  %-10s %-20s %llu\n", m_of.c_str(), std::string(name).c_str(),
                static_cast<unsigned long long>(value));
  }
  StatVisitor* part(std::string_view kind, std::string_view name) override {
    m_part = std::make_unique<Counters>(std::string(kind) + ' ' + std::string(name));
    return m_part.get();
  }

 private:
  std::string m_of;
  std::unique_ptr<Counters> m_part;
};

}  // namespace

int sc_main(int, char**) {
  smmuvp::SmmuV3<64> smmu("smmu", smmuvp::SmmuV3<64>::default_params());
  Memory memory("memory");
  Master master("master", memory);
  master.registers.bind(smmu.registers);
  master.dma.bind(smmu.tbu_in[0]);
  smmu.tbu_out[0].bind(memory.data);
  smmu.walk.bind(memory.walks);
  sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_MS));
  // Why was it refused? Asking changes nothing.
  const smmuvp::Explanation why = smmu.explain(0, std::nullopt, iova + 0x1000);
  std::fputs(why.text.c_str(), stdout);
  const bool explained = why.now.fault == "F_TRANSLATION" && why.now.recorded && !why.stale;
  std::puts("What it has counted:");
  Counters counters("all");
  smmu.statistics(counters);
  smmu.reset_statistics();  // another phase of the run begins

  const bool passed = master.passed && explained;
  std::puts(passed ? "passed" : "FAILED");
  return passed ? 0 : 1;
}
