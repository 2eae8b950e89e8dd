// An SMMUv3 in somebody else's SystemC program: a Stream table, a Context Descriptor and translation tables
// are put into memory, the SMMU is programmed through its register socket, and an access goes through it.
// Every address and encoding is from IHI 0070 and DDI 0487; nothing but the installed headers is used.
#include <smmuvp/base/version.h>
#include <smmuvp/smmuv3/smmuv3.h>
#include <smmuvp/tlm/access_extension.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <systemc>
#include <vector>

namespace {

/// 16 MiB of memory with as many sockets as anybody wants.
struct Memory : sc_core::sc_module {
  tlm_utils::simple_target_socket<Memory, 64> walks{"walks"};
  tlm_utils::simple_target_socket<Memory, 64> data{"data"};
  std::vector<unsigned char> bytes = std::vector<unsigned char>(16U << 20);

  explicit Memory(const sc_core::sc_module_name& name) : sc_module(name) {
    walks.register_b_transport(this, &Memory::transport);
    data.register_b_transport(this, &Memory::transport);
  }
  void transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    delay += sc_core::sc_time(10, sc_core::SC_NS);
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

struct Master : sc_core::sc_module {
  tlm_utils::simple_initiator_socket<Master, 64> registers{"registers"};
  tlm_utils::simple_initiator_socket<Master, 64> dma{"dma"};
  Memory& memory;
  bool passed = false;

  SC_HAS_PROCESS(Master);
  Master(const sc_core::sc_module_name& name, Memory& m) : sc_module(name), memory(m) { SC_THREAD(run); }

  template <class Socket>
  tlm::tlm_response_status access(Socket& socket, bool write, std::uint64_t address, void* data,
                                  unsigned length, smmuvp::AccessExtension* extension = nullptr) {
    tlm::tlm_generic_payload p;
    p.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    p.set_address(address);
    p.set_data_ptr(static_cast<unsigned char*>(data));
    p.set_data_length(length);
    p.set_streaming_width(length);
    if (extension != nullptr) p.set_extension(extension);
    sc_core::sc_time delay;
    socket->b_transport(p, delay);
    wait(delay);
    if (extension != nullptr) p.clear_extension(extension);
    return p.get_response_status();
  }
  void write32(std::uint64_t offset, std::uint32_t value) { access(registers, true, offset, &value, 4); }
  void write64(std::uint64_t offset, std::uint64_t value) { access(registers, true, offset, &value, 8); }
  std::uint32_t read32(std::uint64_t offset) {
    std::uint32_t value = 0;
    access(registers, false, offset, &value, 4);
    return value;
  }

  void run() {
    constexpr std::uint64_t stream_table = 0x10000, context = 0x20000, queue = 0x30000, events = 0x38000;
    constexpr std::uint64_t tables = 0x40000, page = 0x123000, iova = 0x5000;
    constexpr std::uint32_t stream = 3;

    // Translation tables, 4 KiB granule, 32-bit input: levels 1 to 3.
    memory.put64(tables, (tables + 0x1000) | 3);
    memory.put64(tables + 0x1000, (tables + 0x2000) | 3);
    memory.put64(tables + 0x2000 + (iova >> 12) * 8, page | 0x443 | 3);  // AF, AP[1], page
    // CD: T0SZ 32, EPD1, V, AA64, IPS 40 bits, ASID 1, R and A; TTB0; MAIR 0 is Normal write-back.
    memory.put64(context, 32 | 1ULL << 30 | 1ULL << 31 | 2ULL << 32 | 1ULL << 41 | 1ULL << 45 | 1ULL << 46 |
                              1ULL << 48);
    memory.put64(context + 8, tables);
    memory.put64(context + 24, 0xff);
    // STE: V, Config stage 1, S1ContextPtr.
    memory.put64(stream_table + stream * 64, 1 | 5 << 1 | context);

    write64(0x80, stream_table);     // SMMU_STRTAB_BASE
    write32(0x88, 4);                // SMMU_STRTAB_BASE_CFG: linear, 16 streams
    write64(0x90, queue | 4);        // SMMU_CMDQ_BASE: 16 commands
    write64(0xa0, events | 4);       // SMMU_EVENTQ_BASE: 16 events
    write32(0x20, 1 << 3 | 1 << 2);  // SMMU_CR0: CMDQEN, EVENTQEN
    memory.put64(queue, 0x04);       // CMD_CFGI_STE_RANGE, all
    memory.put64(queue + 8, 31);
    memory.put64(queue + 16, 0x46);                     // CMD_SYNC
    write32(0x98, 2);                                   // SMMU_CMDQ_PROD
    while (read32(0x9c) != 2) wait(1, sc_core::SC_US);  // SMMU_CMDQ_CONS
    write32(0x20, 1 << 3 | 1 << 2 | 1);                 // SMMUEN
    while ((read32(0x24) & 1) == 0) wait(1, sc_core::SC_US);

    smmuvp::AccessExtension who;
    who.stream_id = stream;
    who.stream_valid = true;
    std::uint64_t value = 0x1122334455667788;
    const bool written = access(dma, true, iova + 0x18, &value, 8, &who) == tlm::TLM_OK_RESPONSE;
    const bool arrived = memory.get64(page + 0x18) == value;
    std::printf("write to IOVA 0x%llx: %s, found at 0x%llx: %s\n",
                static_cast<unsigned long long>(iova + 0x18), written ? "OK" : "error",
                static_cast<unsigned long long>(page + 0x18), arrived ? "yes" : "no");

    const bool refused = access(dma, false, 0x9000, &value, 8, &who) != tlm::TLM_OK_RESPONSE;
    while ((read32(0x100a8) & 0x1f) == 0) wait(1, sc_core::SC_US);  // SMMU_EVENTQ_PROD
    const std::uint64_t event = memory.get64(events), address = memory.get64(events + 16);
    std::printf("read of IOVA 0x9000: %s; event 0x%02llx, StreamID 0x%llx, address 0x%llx\n",
                refused ? "refused" : "OK", static_cast<unsigned long long>(event & 0xff),
                static_cast<unsigned long long>(event >> 32), static_cast<unsigned long long>(address));
    passed =
        written && arrived && refused && (event & 0xff) == 0x10 && event >> 32 == stream && address == 0x9000;
    sc_core::sc_stop();
  }
};

}  // namespace

#if SMMUVP_VERSION < 100
#error "smmu-vp 0.1.0 or later is needed"
#endif

int sc_main(int, char**) {
  std::puts("smmu-vp " SMMUVP_VERSION_TEXT);
  smmuvp::SmmuV3<64> smmu("smmu", smmuvp::SmmuV3<64>::default_params());
  Memory memory("memory");
  Master master("master", memory);
  sc_core::sc_signal<bool> reset("no_reset");
  master.registers.bind(smmu.registers);
  master.dma.bind(smmu.tbu_in[0]);
  smmu.tbu_out[0].bind(memory.data);
  smmu.walk.bind(memory.walks);
  smmu.reset(reset);
  sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_MS));
  std::puts(master.passed ? "passed" : "FAILED");
  return master.passed ? 0 : 1;
}
