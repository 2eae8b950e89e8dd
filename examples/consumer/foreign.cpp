// An SMMUv3 among masters and buses that know nothing of it: a display of 128 bits and a UART of 32 say who
// they are by an extension of this program's own, the bus asks the SMMU for an extension too, the processor
// polls with a quantum of 1 ms, reset and interrupts are levels. docs/embedding.md tells more. Every address
// and encoding is from IHI 0070 and DDI 0487; nothing but the installed headers is used.
#include <smmuvp/smmuv3/smmuv3.h>
#include <smmuvp/tlm/width_adapter.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include <tlm_utils/tlm_quantumkeeper.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <systemc>
#include <vector>

namespace {

/// Who sends a payload, in the words of this program.
struct Sender : tlm::tlm_extension<Sender> {
  explicit Sender(unsigned number, bool kernel = false) : device(number), for_kernel(kernel) {}
  tlm_extension_base* clone() const override { return new Sender(*this); }
  void copy_from(const tlm_extension_base& other) override { *this = static_cast<const Sender&>(other); }
  unsigned device;
  bool for_kernel;  // or for a program
};
enum Device : unsigned { processor = 0, display = 2, uart = 3, smmu_itself = 100 };

/// 16 MiB of memory behind a port of each width. Nothing passes that does not say who sent it.
struct Memory : sc_core::sc_module {
  tlm_utils::simple_target_socket<Memory, 128> wide{"wide"};
  tlm_utils::simple_target_socket<Memory, 32> narrow{"narrow"};
  tlm_utils::simple_target_socket<Memory, 64> walks{"walks"};
  std::vector<unsigned char> bytes = std::vector<unsigned char>(16U << 20);
  std::map<unsigned, unsigned> accesses;  // by sender

  explicit Memory(const sc_core::sc_module_name& name) : sc_module(name) {
    wide.register_b_transport(this, &Memory::transport);
    narrow.register_b_transport(this, &Memory::transport);
    walks.register_b_transport(this, &Memory::transport);
  }
  void transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    const Sender* sender = p.get_extension<Sender>();
    const bool inside = p.get_address() <= bytes.size() - p.get_data_length();
    if (sender == nullptr || !inside) {
      p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
      return;
    }
    ++accesses[sender->device];
    unsigned char* at = bytes.data() + p.get_address();
    if (p.is_read()) std::memcpy(p.get_data_ptr(), at, p.get_data_length());
    if (p.is_write()) std::memcpy(at, p.get_data_ptr(), p.get_data_length());
    delay += sc_core::sc_time(10, sc_core::SC_NS);
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  void put64(std::uint64_t address, std::uint64_t value) { std::memcpy(bytes.data() + address, &value, 8); }
};

/// The processor and what the devices do, in one thread.
struct Master : sc_core::sc_module {
  tlm_utils::simple_initiator_socket<Master, 64> registers{"registers"};
  tlm_utils::simple_initiator_socket<Master, 128> display_dma{"display_dma"};
  tlm_utils::simple_initiator_socket<Master, 32> uart_dma{"uart_dma"};
  sc_core::sc_out<bool> nreset{"nreset"};
  sc_core::sc_in<bool> eventq_irq{"eventq_irq"};
  Memory& memory;
  tlm_utils::tlm_quantumkeeper keeper;
  bool passed = false;

  SC_HAS_PROCESS(Master);
  Master(const sc_core::sc_module_name& name, Memory& m) : sc_module(name), memory(m) { SC_THREAD(run); }

  template <class Socket>
  bool access(Socket& socket, bool write, std::uint64_t address, void* data, unsigned length,
              const Sender& who) {
    tlm::tlm_generic_payload p;
    Sender sender(who);
    p.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    p.set_address(address);
    p.set_data_ptr(static_cast<unsigned char*>(data));
    p.set_data_length(length);
    p.set_streaming_width(length);
    p.set_extension(&sender);
    sc_core::sc_time ahead = keeper.get_local_time();
    socket->b_transport(p, ahead);
    p.clear_extension(&sender);
    keeper.set(ahead);
    if (keeper.need_sync()) keeper.sync();
    return p.get_response_status() == tlm::TLM_OK_RESPONSE;
  }
  bool write(std::uint64_t offset, std::uint64_t value, unsigned bytes = 4) {
    return access(registers, true, offset, &value, bytes, Sender(processor));
  }
  std::uint32_t read(std::uint64_t offset) {
    std::uint32_t value = 0;
    access(registers, false, offset, &value, 4, Sender(processor));
    return value;
  }
  /// Reads until a register has a value. Each read finds what the SMMU has done by its time: no sync() here.
  unsigned poll(std::uint64_t offset, std::uint32_t value) {
    unsigned reads = 1;
    while (read(offset) != value) ++reads;
    return reads;
  }

  void run() {
    constexpr std::uint64_t stream_table = 0x10000, queue = 0x30000, events = 0x38000, tables = 0x40000;
    keeper.reset();
    std::uint32_t value = 0;
    const bool held = !write(0x20, 0) && !access(uart_dma, false, 0x5000, &value, 4, Sender(uart, true));
    nreset.write(true);
    wait(sc_core::SC_ZERO_TIME);
    wait(sc_core::SC_ZERO_TIME);

    // Of each device: an STE (V, stage 1), a CD (T0SZ 32, EPD1, V, AA64, IPS 40 bits, R and A, an ASID; TTB0;
    // MAIR) and tables that map IOVA 0x5000 to a page of its own for privileged accesses (nG, AF).
    for (const std::uint64_t device : {display, uart}) {
      const std::uint64_t context = 0x20000 + device * 64, table = tables + device * 0x4000;
      memory.put64(stream_table + device * 64, 1 | 5 << 1 | context);
      memory.put64(context,
                   32 | 1ULL << 30 | 1ULL << 31 | 2ULL << 32 | 1ULL << 41 | 3ULL << 45 | device << 48);
      memory.put64(context + 8, table);
      memory.put64(context + 24, 0xff);
      memory.put64(table, (table + 0x1000) | 3);
      memory.put64(table + 0x1000, (table + 0x2000) | 3);
      memory.put64(table + 0x2000 + 5 * 8, (0x100000 + device * 0x1000) | 0xc03);
    }
    write(0x80, stream_table, 8);      // SMMU_STRTAB_BASE
    write(0x88, 4);                    // SMMU_STRTAB_BASE_CFG: linear, 16 streams
    write(0x90, queue | 4, 8);         // SMMU_CMDQ_BASE: 16 commands
    write(0xa0, events | 4, 8);        // SMMU_EVENTQ_BASE: 16 events
    write(0x50, 1 << 2);               // SMMU_IRQ_CTRL: EVENTQ_IRQEN
    write(0x20, 1 << 3 | 1 << 2 | 1);  // SMMU_CR0: CMDQEN, EVENTQEN, SMMUEN
    poll(0x24, 1 << 3 | 1 << 2 | 1);
    memory.put64(queue, 0x46);  // CMD_SYNC
    write(0x98, 1);             // SMMU_CMDQ_PROD
    const unsigned reads = poll(0x9c, 1);
    std::printf("CMD_SYNC was complete after %u reads, with a quantum of 1 ms\n", reads);

    unsigned char pixels[16];
    std::memset(pixels, 0x5a, sizeof pixels);
    std::uint32_t character = 'x';
    const bool written = access(display_dma, true, 0x5000, pixels, sizeof pixels, Sender(display, true)) &&
                         access(uart_dma, true, 0x5000, &character, 4, Sender(uart, true));
    const bool arrived = memory.bytes[0x10200f] == 0x5a && memory.bytes[0x103000] == 'x';
    std::printf("display and UART wrote to IOVA 0x5000: %s, each to its page: %s\n", written ? "OK" : "error",
                arrived ? "yes" : "no");
    std::printf("the SMMU made %u accesses of its own\n", memory.accesses[smmu_itself]);

    const bool refused = !access(uart_dma, false, 0x5000, &value, 4, Sender(uart, false));
    poll(0x100a8, 1);  // SMMU_EVENTQ_PROD
    const unsigned event = memory.bytes[events];
    std::printf("the UART read it for a program: %s, event 0x%02x\n", refused ? "refused" : "OK", event);
    wait(1, sc_core::SC_NS);
    const bool high = eventq_irq.read();
    write(0x100ac, 1);  // SMMU_EVENTQ_CONS
    wait(1, sc_core::SC_NS);
    const bool low = !eventq_irq.read();
    std::printf("interrupt with an event: %s, after it was read: %s\n", high ? "high" : "low",
                low ? "low" : "high");
    passed = held && reads < 100 && written && arrived && memory.accesses[smmu_itself] != 0 && refused &&
             event == 0x13 /* F_PERMISSION */ && high && low;
    sc_core::sc_stop();
  }
};

}  // namespace

int sc_main(int, char**) {
  tlm::tlm_global_quantum::instance().set(sc_core::sc_time(1, sc_core::SC_MS));
  smmuvp::Params params = smmuvp::SmmuV3<64>::default_params();
  params.set("tbus", 2);
  params.set("irq", "level");
  params.set("reset", "level");
  params.set("reset_active_low", true);
  smmuvp::SmmuV3<64> smmu("smmu", params);
  for (unsigned tbu = 0; tbu < 2; ++tbu) {
    smmu.set_identity_hook(tbu, [](const tlm::tlm_generic_payload& p, smmuvp::Identity& identity) {
      if (const Sender* sender = p.get_extension<Sender>()) {
        identity.stream_id = sender->device;
        identity.privileged = sender->for_kernel;
      }
    });
  }
  smmu.set_own_access_hook([](tlm::tlm_generic_payload& p, const smmuvp::OwnAccess& access) {
    std::printf("  %s %s%s\n", p.is_write() ? "writes" : "reads", std::string(access.purpose).c_str(),
                access.client ? (" for stream " + std::to_string(access.client->stream_id)).c_str() : "");
    p.set_extension(new Sender(smmu_itself));
  });

  Memory memory("memory");
  Master master("master", memory);
  sc_core::sc_signal<bool> nreset("nreset", false), eventq("eventq");
  // TBU 0 has 128 bits, TBU 1 has 32.
  smmuvp::WidthAdapter<128, 64> display_in("display_in");
  smmuvp::WidthAdapter<64, 128> display_out("display_out");
  smmuvp::WidthAdapter<32, 64> uart_in("uart_in");
  smmuvp::WidthAdapter<64, 32> uart_out("uart_out");
  master.display_dma.bind(display_in.in);
  display_in.out.bind(smmu.tbu_in[0]);
  smmu.tbu_out[0].bind(display_out.in);
  display_out.out.bind(memory.wide);
  master.uart_dma.bind(uart_in.in);
  uart_in.out.bind(smmu.tbu_in[1]);
  smmu.tbu_out[1].bind(uart_out.in);
  uart_out.out.bind(memory.narrow);
  smmu.walk.bind(memory.walks);
  master.registers.bind(smmu.registers);
  master.nreset.bind(nreset);
  smmu.reset.bind(nreset);
  smmu.eventq_irq.bind(eventq);
  master.eventq_irq.bind(eventq);
  sc_core::sc_start(sc_core::sc_time(10, sc_core::SC_MS));
  std::puts(master.passed ? "passed" : "FAILED");
  return master.passed ? 0 : 1;
}
