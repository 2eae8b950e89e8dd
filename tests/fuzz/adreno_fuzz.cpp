// Register accesses, packets in the ring and in buffers, responses, time, resets and saved states of the
// command processor, in any order.
#include <algorithm>
#include <cstdint>

#include "../adreno/sheet.h"
#include "fuzz_memory.h"
#include "register_fuzz.h"
#include "smmuvp/adreno/adreno_core.h"
#include "smmuvp/base/archive.h"

namespace {

using namespace smmuvp;
using namespace smmuvp::adreno_sheet;
using Port = AdrenoCore::Port;

constexpr std::uint32_t opcodes[] = {
    NOP,     WAIT_REG_MEM,      MEM_WRITE,          REG_TO_MEM, INDIRECT_BUFFER, MEM_TO_REG, EVENT_WRITE,
    ME_INIT, SMMU_TABLE_UPDATE, SET_PROTECTED_MODE, WHERE_AM_I, MEM_TO_MEM,      MEMCPY,     WAIT_FOR_IDLE};

void expect(bool holds) {
  if (!holds) __builtin_trap();
}

struct Machine {
  explicit Machine(fuzz::Input& input) : in(input) {
    core.write(SQE_CNTL, 4, 1);
    core.write(RB_BASE, 4, 0);
    core.write(RB_CNTL, 4, 7);  // 256 words
    core.write(HANG_INT_CNTL, 4, 1U << 30 | 5000);
  }

  void put(std::uint32_t word) {
    memory.put(at, word);
    at = (at + 4) & 0xffff;
  }
  /// A whole packet, mostly, where packets are read: the ring is at 0, and so is all else.
  void put_packet() {
    const std::uint64_t kind = in.take(1);
    if (kind < 8) {
      put(static_cast<std::uint32_t>(in.take(4)));
    } else if (kind < 64) {
      const auto count = static_cast<std::uint32_t>(in.take(1) % 8);
      const auto reg = static_cast<std::uint32_t>(in.take(1) % 2 == 0 ? 0x800 + in.take(1) : in.take(2));
      put(header4(reg, count));
      for (std::uint32_t i = 0; i < count; ++i) put(static_cast<std::uint32_t>(in.take(4)));
    } else {
      const std::uint32_t opcode = opcodes[kind % std::size(opcodes)];
      const auto count = static_cast<std::uint32_t>(in.take(1) % 12);
      put(header7(opcode, count));
      // Words are small, or halves of addresses.
      for (std::uint32_t i = 0; i < count; ++i) {
        put(static_cast<std::uint32_t>(in.take(static_cast<unsigned>(in.take(1) % 5))));
      }
    }
  }
  void access(bool fails) {
    for (const Port port : {Port::Memory, Port::Smmu}) {
      DmaOperation op;
      DmaBuffer data{};
      if (core.out(port) || !core.next(port, op, data)) continue;
      expect(op.length != 0 && op.length <= dma_burst_bytes);
      expect(!op.secure && !op.instruction && !op.substream_valid);
      if (port == Port::Memory) {
        expect(op.stream_id == 0x21);
        expect(op.address >> 48 == 0 || op.address >> 48 == 0xffff);
        if (op.write) {
          memory.write(op.address, data.data(), op.length);
        } else {
          memory.read(op.address, data.data(), op.length);
        }
      } else {
        expect(op.length == 4 || op.length == 8);
        expect(op.address >= 0x9100000 && op.address < 0x9100000 + (256 + 256) * 0x10000ULL);
        const std::uint64_t value = in.take(4);
        for (unsigned i = 0; i < 4; ++i) data[i] = static_cast<std::uint8_t>(value >> (8 * i));
      }
      core.advance(now += 1000);
      core.complete(port, op, fails ? static_cast<DmaResponse>(1 + in.take(1) % 5) : DmaResponse::Ok, data);
      return;
    }
  }
  void save_and_load() {
    ArchiveWriter writer;
    writer.set_now(now);
    core.visit(writer);
    ArchiveReader reader(writer.data());
    reader.set_now(now);
    core.visit(reader);
    expect(reader.complete());
  }
  void step() {
    switch (in.take(1) % 16) {
      case 0: {
        const auto a = fuzz::take_access(in, AdrenoCore::window);
        if (a.write) {
          core.write(a.offset, a.bytes, a.value);
        } else {
          core.read(a.offset, a.bytes);
        }
        break;
      }
      case 1:
        core.write(RB_WPTR, 4, at / 4 % 256);
        break;
      case 2:
        core.write(static_cast<std::uint32_t>(0x2000 + in.take(1) % 0x90 * 4), 4, in.take(4));
        break;
      case 3:
        save_and_load();
        break;
      case 4:
        core.advance(now += in.take(3));
        break;
      case 5:
        if (const auto then = core.next_event()) {
          expect(*then >= now || core.out(Port::Memory) || core.out(Port::Smmu));
          core.advance(now = std::max(now, *then));
          const auto again = core.next_event();
          expect(!again || *again > now);  // time goes on
        }
        break;
      case 6:
        core.write(SW_RESET_CMD, 4, in.take(1));
        break;
      case 7:
        core.reset();
        core.write(SQE_CNTL, 4, 1);
        core.write(RB_CNTL, 4, 7);
        break;
      case 8:
      case 9:
        access(true);
        break;
      case 10:
      case 11:
      case 12:
        put_packet();
        break;
      default:
        for (std::uint64_t n = 1 + in.take(1) % 8; n != 0; --n) access(false);
        break;
    }

    if (core.irq()) expect(core.peek(INT_0_STATUS, 4) != 0);
  }

  fuzz::Input& in;
  Diag diag{nullptr, "gpu0"};
  AdrenoCore core{{0x21, 0x9100000, 500'000'000}, diag};
  smmu::FuzzMemory memory;
  std::uint64_t now = 0;
  std::uint32_t at = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  smmuvp::fuzz::Input in(data, size);
  Machine machine(in);
  while (!in.empty()) machine.step();
  return 0;
}
