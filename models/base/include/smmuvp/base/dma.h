// What a core that is a DMA master asks of its shell: one memory operation after the other.
#pragma once
#include <array>
#include <cstdint>

#include "smmuvp/base/archive.h"

namespace smmuvp {

/// Bytes of one operation at most.
constexpr std::uint32_t dma_burst_bytes = 4096;
using DmaBuffer = std::array<std::uint8_t, dma_burst_bytes>;

/// What an operation met: the responses of TLM-2.0 (IEEE 1666 14.7).
enum class DmaResponse : std::uint8_t {
  Ok = 0,
  Address = 1,
  Command = 2,
  Burst = 3,
  ByteEnable = 4,
  Generic = 5,
};

/// What a device with an Address Translation Cache asks for; the phases of AccessExtension.
enum class DmaAts : std::uint8_t {
  None,                ///< an ordinary access at an untranslated address
  TranslationRequest,  ///< a read of 8 bytes, which carry nothing
  Translated,
  PageRequest,  ///< a write of 8 bytes, which carry nothing
};

/// How a Translation Request ended, as AtsExtension has it.
enum class DmaTranslationStatus : std::uint8_t { Unanswered, Success, UnsupportedRequest, CompleterAbort };

/// The answer to a Translation Request; what is behind `status` is of those that ended with success.
struct DmaTranslation {
  DmaTranslationStatus status = DmaTranslationStatus::Unanswered;
  std::uint64_t address = 0;     ///< translated, of the first byte of the region
  std::uint8_t size_shift = 12;  ///< log2 of the region's bytes
  bool read = false;
  bool write = false;
  bool execute = false;
  bool privileged = false;
  bool global = false;
  bool untranslated_only = false;
  bool no_snoop = false;

  void visit(Archive& archive) {
    archive.begin("translation");
    archive.value("status", status);
    archive.value("address", address);
    archive.value("size_shift", size_shift);
    archive.value("read", read);
    archive.value("write", write);
    archive.value("execute", execute);
    archive.value("privileged", privileged);
    archive.value("global", global);
    archive.value("untranslated_only", untranslated_only);
    archive.value("no_snoop", no_snoop);
    archive.end();
  }
};

/// What a Translation Request or a Page Request says beyond an access, and what it is answered.
struct DmaAtsFields {
  bool no_write = false;            ///< Translation Request: NW
  std::uint16_t PRGI = 0;           ///< Page Request: Page Request Group Index
  bool last = false;                ///< Page Request: L
  bool wants_read = false;          ///< Page Request: R
  bool wants_write = false;         ///< Page Request: W
  DmaTranslation translation = {};  ///< out

  void visit(Archive& archive) {
    archive.begin("ats");
    archive.value("no_write", no_write);
    archive.value("PRGI", PRGI);
    archive.value("last", last);
    archive.value("wants_read", wants_read);
    archive.value("wants_write", wants_write);
    translation.visit(archive);
    archive.end();
  }
};

/// One memory operation, and who makes it.
struct DmaOperation {
  bool write = false;
  std::uint64_t address = 0;
  std::uint32_t length = 0;  ///< 1 to dma_burst_bytes
  std::uint32_t stream_id = 0;
  bool substream_valid = false;
  std::uint32_t substream_id = 0;
  bool privileged = false;
  bool instruction = false;
  bool secure = false;            ///< of the Secure address space, else of the Non-secure one
  bool attributes_valid = false;  ///< memory attributes as AccessExtension has them; else none are given
  std::uint8_t memory_type = 0;   ///< a MAIR byte
  std::uint8_t shareability = 0;  ///< encoded as SH fields are
  std::uint64_t tag = 0;          ///< as AccessExtension.tag
  DmaAts ats = DmaAts::None;
  DmaAtsFields ats_fields = {};  ///< of a Translation Request or a Page Request
  bool starts_request = false;  ///< the first of several that belong together: what is paid once is paid here
  /// The core's own, given back with the answer: a core that is stopped or reset counts on, and knows from
  /// the old number that it has nothing to do with this answer any more.
  std::uint64_t epoch = 0;
  /// When it was issued, in picoseconds. For traces: it is not saved, and is the time of loading after that.
  std::uint64_t issued_ps = 0;

  /// How long it has taken. @param now  when it ends
  std::uint64_t took_ps(std::uint64_t now) const { return now - (issued_ps < now ? issued_ps : now); }

  void visit(Archive& archive) {
    archive.begin("operation");
    archive.value("write", write);
    archive.value("address", address);
    archive.value("length", length);
    archive.value("stream_id", stream_id);
    archive.value("substream_valid", substream_valid);
    archive.value("substream_id", substream_id);
    archive.value("privileged", privileged);
    archive.value("instruction", instruction);
    archive.value("secure", secure);
    archive.value("attributes_valid", attributes_valid);
    archive.value("memory_type", memory_type);
    archive.value("shareability", shareability);
    archive.value("tag", tag);
    archive.value("ats_phase", ats);
    ats_fields.visit(archive);
    archive.value("starts_request", starts_request);
    archive.value("epoch", epoch);
    archive.end();
    if (!archive.loading() || length <= dma_burst_bytes) return;
    archive.fail("length", "an operation is longer than a burst");
    *this = {};
  }
};

}  // namespace smmuvp
