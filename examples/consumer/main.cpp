// Two SMMUv3s in somebody else's SystemC program: a Stream table, a Context Descriptor and translation tables
// are put into memory, one SMMU is programmed through its register socket, and accesses go through it; its
// state is saved and loaded into the other one, which then answers alike. docs/embedding.md tells more of
// each step. Every address and encoding is from IHI 0070 and DDI 0487; nothing but the installed headers is
// used.
#include <smmuvp/base/version.h>
#include <smmuvp/smmuv3/smmuv3.h>
#include <smmuvp/tlm/access_extension.h>
#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/tlm_quantumkeeper.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <systemc>
#include <vector>

namespace {

/// What components tell this program: diagnostics and traces. It outlives them.
class MyHost : public smmuvp::Host, private smmuvp::DiagSink {
 public:
  smmuvp::DiagSink& diag() override { return *this; }
  smmuvp::TraceSink* trace() override { return &traces; }
  void guest_exit(const smmuvp::GuestExit&) override { sc_core::sc_stop(); }
  void internal_error(const std::string& source, const std::string& text) override {
    print(source + ": " + text);
  }
  void limitation(const std::string& source, const std::string& text) override {
    print(source + ": " + text);
  }

  smmuvp::TextTraceSink traces{
      {"smmu.event"},
      [](void*, std::string_view line) { std::fputs(std::string(line).c_str(), stdout); },
      nullptr};
  unsigned diagnostics = 0;

 private:
  void report(const smmuvp::Diagnostic& d) override {
    ++diagnostics;
    print(smmuvp::to_text(d));
  }
  static void print(const std::string& text) { std::puts(text.c_str()); }
};

/// 16 MiB of memory that anybody may bind to.
struct Memory : sc_core::sc_module {
  tlm_utils::multi_passthrough_target_socket<Memory, 64> bus{"bus"};
  std::vector<unsigned char> bytes = std::vector<unsigned char>(16U << 20);

  explicit Memory(const sc_core::sc_module_name& name) : sc_module(name) {
    bus.register_b_transport(this, &Memory::transport);
  }
  void transport(int, tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
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

/// A subsystem: two of them have an "smmu" each, and all that they report says whose it is.
struct Soc : sc_core::sc_module {
  smmuvp::SmmuV3<64> smmu;
  tlm_utils::simple_initiator_socket<Soc, 64> registers{"registers"};
  tlm_utils::simple_initiator_socket<Soc, 64> dma{"dma"};

  Soc(const sc_core::sc_module_name& name, const smmuvp::Params& params, Memory& memory, MyHost& host)
      : sc_module(name), smmu("smmu", params, host) {
    registers.bind(smmu.registers);
    dma.bind(smmu.tbu_in[0]);
    smmu.tbu_out[0].bind(memory.bus);
    smmu.walk.bind(memory.bus);
    // Interrupts, the wake-up event and reset are tied off where nothing is bound to them.
  }
};

struct Master : sc_core::sc_module {
  Soc& first;
  Soc& second;
  Memory& memory;
  MyHost& host;
  tlm_utils::tlm_quantumkeeper keeper;
  bool passed = false;

  SC_HAS_PROCESS(Master);
  Master(const sc_core::sc_module_name& name, Soc& a, Soc& b, Memory& m, MyHost& h)
      : sc_module(name), first(a), second(b), memory(m), host(h) {
    SC_THREAD(run);
  }

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
    sc_core::sc_time ahead = keeper.get_local_time();
    socket->b_transport(p, ahead);
    keeper.set(ahead);
    if (keeper.need_sync()) keeper.sync();
    if (extension != nullptr) p.clear_extension(extension);
    return p.get_response_status();
  }
  void write32(std::uint64_t offset, std::uint32_t value) {
    access(first.registers, true, offset, &value, 4);
  }
  void write64(std::uint64_t offset, std::uint64_t value) {
    access(first.registers, true, offset, &value, 8);
  }
  std::uint32_t read32(std::uint64_t offset) {
    std::uint32_t value = 0;
    access(first.registers, false, offset, &value, 4);
    return value;
  }
  /// Reads until a register has a value. Each read finds what the SMMU has done by its time: no sync() here.
  void poll(std::uint64_t offset, std::uint32_t value) {
    while (read32(offset) != value) {
    }
  }

  void run() {
    keeper.reset();
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
    memory.put64(queue + 16, 0x46);      // CMD_SYNC
    write32(0x98, 2);                    // SMMU_CMDQ_PROD
    poll(0x9c, 2);                       // SMMU_CMDQ_CONS
    write32(0x20, 1 << 3 | 1 << 2 | 1);  // SMMUEN
    poll(0x24, 1 << 3 | 1 << 2 | 1);     // SMMU_CR0ACK

    smmuvp::AccessExtension who;
    who.stream_id = stream;
    who.stream_valid = true;
    std::uint64_t value = 0x1122334455667788;
    const bool written = access(first.dma, true, iova + 0x18, &value, 8, &who) == tlm::TLM_OK_RESPONSE;
    const bool arrived = memory.get64(page + 0x18) == value;
    std::printf("write to IOVA 0x%llx: %s, found at 0x%llx: %s\n",
                static_cast<unsigned long long>(iova + 0x18), written ? "OK" : "error",
                static_cast<unsigned long long>(page + 0x18), arrived ? "yes" : "no");

    const bool refused = access(first.dma, false, 0x9000, &value, 8, &who) != tlm::TLM_OK_RESPONSE;
    poll(0x100a8, 1);  // SMMU_EVENTQ_PROD
    const std::uint64_t event = memory.get64(events), address = memory.get64(events + 16);
    std::printf("read of IOVA 0x9000: %s; event 0x%02llx, StreamID 0x%llx, address 0x%llx\n",
                refused ? "refused" : "OK", static_cast<unsigned long long>(event & 0xff),
                static_cast<unsigned long long>(event >> 32), static_cast<unsigned long long>(address));
    const bool told = (event & 0xff) == 0x10 && event >> 32 == stream && address == 0x9000;

    host.traces.set_filters({"smmu.translate"});  // from now on
    const bool alike = second_answers_alike(iova + 0x18, value, who);
    passed = written && arrived && refused && told && alike && host.diagnostics == 0;
    sc_core::sc_stop();
  }

  /// Saves the first SMMU and loads it into the second, which nobody has programmed.
  bool second_answers_alike(std::uint64_t iova, std::uint64_t expected, smmuvp::AccessExtension& who) {
    keeper.sync();
    std::ofstream out("consumer.state", std::ios::binary);
    if (const auto error = first.smmu.save(out)) return report(*error);
    out.close();
    std::ifstream in("consumer.state", std::ios::binary);
    if (const auto error = second.smmu.load(in)) return report(*error);
    std::uint64_t value = 0;
    const bool ok = access(second.dma, false, iova, &value, 8, &who) == tlm::TLM_OK_RESPONSE;
    std::printf("%s was loaded with the state of %s; its read of IOVA 0x%llx: %s\n", second.smmu.name(),
                first.smmu.name(), static_cast<unsigned long long>(iova),
                ok && value == expected ? "alike" : "other");
    return ok && value == expected;
  }
  static bool report(const smmuvp::ArchiveError& error) {
    std::puts(smmuvp::to_text(error).c_str());
    return false;
  }
};

/// A parameter that cannot be is refused before simulation starts, by name.
bool refuses_a_mistake() {
  try {
    smmuvp::SmmuV3<64>::default_params("soc0.smmu").set("OAS", 47);
  } catch (const smmuvp::ConfigError& e) {
    std::puts(e.what());
    return e.key() == "OAS";
  }
  return false;
}

}  // namespace

#if SMMUVP_VERSION < 100
#error "smmu-vp 0.1.0 or later is needed"
#endif

int sc_main(int, char**) {
  std::puts("smmu-vp " SMMUVP_VERSION_TEXT);
  tlm::tlm_global_quantum::instance().set(sc_core::sc_time(1, sc_core::SC_US));
  MyHost host;
  smmuvp::Params params = smmuvp::SmmuV3<64>::default_params();
  params.set("OAS", 48);
  params.set("tbus", 1);
  params.set("timing", true);
  Memory memory("memory");
  Soc soc0("soc0", params, memory, host), soc1("soc1", params, memory, host);
  Master master("master", soc0, soc1, memory, host);
  sc_core::sc_start(sc_core::sc_time(1, sc_core::SC_MS));
  const bool passed = master.passed && refuses_a_mistake();
  std::puts(passed ? "passed" : "FAILED");
  return passed ? 0 : 1;
}
